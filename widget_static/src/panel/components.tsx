// Components that all tabs share.

import type { EarnRule } from "../api";
import { runAction } from "./actions";
import { ICONS, type IconName } from "./icons";
import { fetchActions } from "./lazy_files";
import { h, type Child } from "./render";
import { showToast, state, type ListName } from "./state";
import { num, t, type Values } from "./words";

/** An icon by name; kinds of rules without an icon of their own get the plus. */
export const Icon = ({ name }: { name: IconName | EarnRule["kind"] }) =>
  <svg viewBox="0 0 20 20"><path d={(ICONS as Record<string, string>)[name] ?? ICONS.earn} /></svg>;

/** Joins facts into one line; empty ones are left out. */
export const joinFacts = (...all: (string | false | null | undefined)[]) => all.filter(Boolean).join(" · ");

export const Title = ({ children }: { children?: Child }) => <h2 tabIndex={-1}>{children}</h2>;

interface RowProps {
  id?: string;
  icon?: IconName | EarnRule["kind"];
  title: Child;
  text?: string;
  end?: Child;
  children?: Child;
  more?: Child;
}

export const Row = ({ id, icon, title, text, end, children, more }: RowProps) =>
  <li class="row" key={id}>
    {icon && <Icon name={icon} />}
    <div><p class="t">{title}</p>{text && <p class="m">{text}</p>}{children}</div>
    {end}{more}
  </li>;

/** A list of names and values, one line each; a null value has no line. */
export const Facts = ({ of }: { of: [string, Child][] }) =>
  <dl>{of.map(([name, value]) => value != null && <div><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;

interface ButtonProps {
  /** The place where its refusal is shown, and which is busy meanwhile. */
  place?: string;
  look?: string;
  label?: string;
  off?: boolean;
  run: () => unknown;
  children?: Child;
}

export const ActionButton = ({ place = "", look = "", label, off, run, children }: ButtonProps) =>
  <button class={"btn " + look} aria-label={label} aria-disabled={off || state.busy === (place || 0)}
    onClick={() => off || runAction(place, run)}>{children}</button>;

/** The refusal of an action, in its place. */
export const ActionError = ({ place }: { place: string }) =>
  state.error?.place === place && !state.error.field
    ? <p class="bad all" role="alert">{state.error.text}</p> : null;

export const DoneMark = () => <span class="ok end"><Icon name="check" />{t("done")}</span>;

/** Copies a text, or at least selects it where it is `shown`; returns whether it is on the clipboard. */
export async function copyText(text: string, shown?: Element | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection()!.selectAllChildren(shown);
    return !!shown && document.execCommand("copy");
  }
}

/** Calls copyText() and shows a toast. */
export const copyWithToast = async (text: string, shown?: Element | null) =>
  showToast(await copyText(text, shown) ? t("copied") : t("selected"));

/** A code or link, with a button that copies it. */
export const Code = ({ text, label, shown = text }: { text: string; label: string; shown?: string }) =>
  <div class="code">
    <span dir="ltr">{shown}</span>
    <button class="icon" aria-label={label}
      onClick={(event) => copyWithToast(text, event.currentTarget.previousElementSibling)}><Icon name="copy" /></button>
  </div>;

/** The button below a list that has another page. */
export const ShowMore = ({ list }: { list: ListName }) => state.cursors[list] && <div class="wide">
  <ActionError place={list} />
  <ActionButton place={list} run={async () => (await fetchActions()).loadMore(list)}>{t("show_more")}</ActionButton>
</div>;

export const Toast = () => <p class="toast" role="status">{state.toast}</p>;

/** A text about points with its number in bold: "**260** more points". */
export function boldNumber(key: string, n: number, values: Values = {}): Child {
  const [before, after] = t(key, { ...values, n }, () => "\0").split("\0");
  return [before, <b>{num(n)}</b>, after];
}
