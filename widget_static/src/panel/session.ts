// Who is signed in, and the tab's data. A session comes from the shop's word or from the panel's own sign-in.

import type { Balance, MemberPanel, Session } from "../api";
import type { Tab } from "../messages";
import { answer, ask, Refused } from "./ask";
import { tell } from "./host";
import { outdated, subject } from "./identity";
import { later, words } from "./late";
import { go, set, state, toast } from "./state";
import * as store from "./store";
import { span, t } from "./words";

export function begin(session: Session, sub: string | null = null): void {
  store.put("", session.token);
  store.put(":sub", sub);
  if (session.referral) {
    state.ref = undefined;
    tell({ type: "ref-bound" });
  }
  // whoever filled in a form stands at its end now
  (state.view ? go : set)({ who: "member", member: session.member, view: undefined, email: "", left: false, parts: {}, balance: undefined });
  tell({ type: "event", name: "signed-in" });
  void load();
}

/** Forgets the session here; what the member saw goes with it. */
export function forget(): void {
  const was = store.get("");
  store.end();
  set({ who: "guest", member: undefined, balance: undefined, parts: {}, sheet: undefined, failed: false, qr: undefined, chosen: {} });
  if (was) tell({ type: "event", name: "signed-out" });
}

export async function signOut(): Promise<void> {
  const told = store.get("") && ask("session/sign-out", {});
  forget();
  go({});
  await told;
}

let joining = false;

/** Somebody who left comes back: the shop is asked for its word once more. */
export function rejoin(): void {
  joining = true;
  tell({ type: "ask-identity" });
}

/** The shop's word: null and `known` means that nobody is logged in there. */
export async function vouch(token: string | null, known: boolean): Promise<void> {
  const waited = store.get(":sub") && state.who !== "member";
  const sub = token && subject(token);
  if (outdated(token, known)) forget();
  if (token && (!store.get("") || store.get(":sub") !== sub)) {
    try {
      begin(await ask<Session>("session/identity", { token, join: joining, ...friend() }), sub);
    } catch (no) {
      set({ left: no instanceof Refused && no.facts.code === "left_program" });
    }
    joining = false;
  }
  if (!store.get("")) guest();
  else if (waited && state.who !== "member") void load(window.first);
}

/** The guest's page, at what was wanted. */
export function guest(): void {
  set({ who: "guest" });
  document.getElementById(state.tab)?.scrollIntoView();
}

/** The friend's code, for the requests that can bind it. */
export const friend = () => state.ref ? { referral_code: state.ref } : {};

/** The tab that the document asked for. */
const first = state.tab;

let loaded: () => unknown;

/** What is to be done with each answer that came. */
export function whenLoaded(how: () => unknown): void {
  loaded = how;
}

/** Fetches balance and the tab on screen; `asked` is what the document asked already. */
export async function load(asked?: Promise<Response>): Promise<void> {
  // before it is known who is here there is nothing to ask
  if (!asked && state.who !== "member") return;
  const tab = asked ? first : state.tab;
  const token = store.get("");
  set({ failed: false });
  try {
    const [panel] = await Promise.all([
      asked ? answer<MemberPanel>(asked) : ask<MemberPanel>("panel?tab=" + tab),
      tab === first || words(),
    ]);
    if (token !== store.get("")) return;
    const { member, balance, unseen, earn, rewards, my_rewards, referral, history } = panel;
    const part = { earn, redeem: rewards, my_rewards, referral, my_balance: history }[tab];
    set({ who: "member", member, balance, parts: { ...state.parts, [tab]: part } });
    tell({ type: "dot", count: unseen });
    if (!(state.tab in state.parts)) return load();
    if (tab === "earn") await visit();
    loaded();
  } catch (no) {
    if (token === store.get("") && !lost(no)) set({ who: "member", failed: true });
  }
}

export function choose(tab: Tab): void {
  go({ tab });
  void load();
}

let visited = false;

/** The daily visit counts once, when it is listed and open. */
async function visit(): Promise<void> {
  if (visited || !state.parts.earn?.some((rule) => rule.kind === "visit" && rule.state === "open")) return;
  visited = true;
  const given = await ask<{ points: number; balance: Balance }>("earn/visit", {});
  set({ balance: given.balance });
  if (given.points) {
    tell({ type: "event", name: "earned" });
    toast(t("plus", { n: given.points }));
    await load();
  }
}

/** Whether the session is over; then a guest stands here, and the shop may vouch again. */
function lost(no: unknown): boolean {
  const over = no instanceof Refused && no.facts.code === "signed_out";
  if (over) {
    forget();
    tell({ type: "ask-identity" });
  }
  return over;
}

/** Runs one action; its place is busy meanwhile, and a refusal is said in that place. */
export async function act(at = "", run: () => unknown): Promise<void> {
  if (state.busy) return;
  set({ busy: at, note: undefined });
  try {
    await run();
  } catch (no) {
    if (!lost(no)) set({ note: { at, text: await refusal(no), field: no instanceof Refused ? no.facts.field : null } });
  }
  set({ busy: "" });
}

/** A refusal in words. */
async function refusal(no: unknown): Promise<string> {
  if (!(no instanceof Refused)) return t("no_answer");
  const { code, needs, has, retry_after_seconds: wait } = no.facts;
  return await later("error_" + code, {
    n: needs === null ? undefined as never : needs - (has ?? 0),
    wait: span(Math.ceil((wait ?? 60) / 60), "minute"),
  }) || t("error");
}

