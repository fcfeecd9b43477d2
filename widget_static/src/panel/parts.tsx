// The pieces every tab is made of.

import { h, type Child } from "./draw";
import { act } from "./session";
import { set, state, toast } from "./state";
import { num, t } from "./words";

const PLUS = "M10 7v6M7 10h6M3 10a7 7 0 1 0 14 0a7 7 0 1 0-14 0";
const BAG = "M4 7h12l1 10H3zM7 9V6a3 3 0 0 1 6 0v3";

const PATHS: Record<string, string> = {
  earn: PLUS,
  redeem: "M3 7h14v3H3zM4 10v7h12v-7M10 7v10M10 7C7 1 2 4 6 7zM10 7c3-6 8-3 4 0z",
  my_rewards: "M3 5h14v3a2 2 0 0 0 0 4v3H3v-3a2 2 0 0 0 0-4zM12 8v1M12 11v1",
  referral: "M5 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0M2 17c0-3 3-5 6-5 1 0 2 0 3 1M15 11v6M12 14h6",
  my_balance: "M3 17h14M5 14v-3M8 14V7M12 14V9M15 14V4",
  order: BAG,
  first_order: BAG,
  join: "M7 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0M4 17c0-3 3-5 6-5s6 2 6 5",
  newsletter: "M3 5h14v11H3zM3 6l7 5 7-5",
  birthday: "M3 17v-6h14v6M2 17h16M10 11V7M10 4v0M3 14c2 1 5-1 7 0s5 1 7 0",
  review: "M3 17l1-4 9-9 3 3-9 9zM11 6l3 3",
  social: "M11 4h5v5M16 4l-7 7M8 5H4v11h11v-4",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4 11l4 4 8-9",
  copy: "M7 7h9v9H7zM13 5V4H4v9h1",
};

export const Icon = ({ name }: { name: string }) =>
  <svg viewBox="0 0 20 20"><path d={PATHS[name] ?? PLUS} /></svg>;

/** Facts in one line; what is not so says nothing. */
export const facts = (...all: (string | false | null | undefined)[]) => all.filter(Boolean).join(" · ");

export const Title = ({ children }: { children?: Child }) => <h2 tabIndex={-1}>{children}</h2>;

export const Row = ({ icon, title, text, end, children, more }:
  { icon?: string; title: Child; text?: string; end?: Child; children?: Child; more?: Child }) =>
  <li class="row">
    {icon && <Icon name={icon} />}
    <div><p class="t">{title}</p>{text && <p class="m">{text}</p>}{children}</div>
    {end}{more}
  </li>;

/** Name and value, one line each; a null value has no line. */
export const Facts = ({ of }: { of: [string, Child][] }) =>
  <dl>{of.map(([name, value]) => value != null && <div><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;

/** A button; one whose action may be refused or need time has a place. */
export const Do = ({ at = "", look = "", label, off, run, children }:
  { at?: string; look?: string; label?: string; off?: boolean; run: () => unknown; children?: Child }) =>
  <button class={"btn " + look} aria-label={label} aria-disabled={off || state.busy === (at || 0)} onClick={() => off || act(at, run)}>{children}</button>;

/** The refusal of an action, in its place. */
export const Note = ({ at }: { at: string }) =>
  state.note?.at === at && !state.note.field ? <p class="bad all" role="alert">{state.note.text}</p> : null;

export const Done = () => <span class="ok end"><Icon name="check" />{t("done")}</span>;

/** Puts a text on the clipboard, or at least selects it where it is `shown`; whether it is there. */
export async function put(text: string, shown?: Element | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection()!.selectAllChildren(shown);
    return !!shown && document.execCommand("copy");
  }
}

/** put(), and says so. */
export const copy = async (text: string, shown?: Element | null) => toast(t(await put(text, shown) ? "copied" : "selected"));

/** A code or link to take away. */
export const Code = ({ text, label, shown = text }: { text: string; label: string; shown?: string }) =>
  <div class="code">
    <span dir="ltr">{shown}</span>
    <button class="icon" aria-label={label}
      onClick={(event) => copy(text, event.currentTarget.previousElementSibling)}><Icon name="copy" /></button>
  </div>;

export const closeSheet = () => set({ sheet: undefined, note: undefined });

export const Sheet = ({ title, children }: { title: string; children: Child }) =>
  <dialog key={title} aria-labelledby="sheet" onCancel={(event) => { event.preventDefault(); closeSheet(); }}
    onClick={(event) => { if (event.target === event.currentTarget) closeSheet(); }}>
    <h2 id="sheet" tabIndex={-1} autofocus>{title}</h2>
    {children}
    <Toast />
  </dialog>;

export const Toast = () => <p class="toast" role="status">{state.toast}</p>;

/** A text of points with its number set off: "**260** more points". */
export function rich(key: string, n: number, values: Record<string, string> = {}): Child {
  const [before, after] = t(key, { ...values, n }, () => "\0").split("\0");
  return [before, <b>{num(n)}</b>, after];
}
