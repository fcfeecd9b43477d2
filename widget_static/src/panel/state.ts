// What the panel shows, in one place. Every change goes through set(), which draws the whole anew.

import type { Balance, Coupon, CouponPage, EarnRule, History, HistoryRow, Member, QrCode, Referral, Reward } from "../api";
import { TABS, type Tab } from "../messages";
import { query } from "./boot";
import type { Child } from "./draw";

export type View = "log_in" | "password" | "sign_up" | "code" | "forgot" | "new_password";

export type Sheet =
  | { kind: "confirm"; reward: Reward; cost: number; what: string; request: string }
  | { kind: "done"; coupon: Coupon }
  | { kind: "birthday" | "friend_code" | "leave" | "verify" };

/** What a shopper does, once fetched: the forms of sign-in, the sheets, and actions without either. */
export interface Deeds {
  views: Record<View, () => Child>;
  sheets: { [Kind in Sheet["kind"]]: (sheet: Extract<Sheet, { kind: Kind }>) => Child };
  /** Opens the confirm sheet. */
  redeem(reward: Reward, cost: number, what: string): void;
  /** Takes a code to the shop's cart. */
  use(coupon: Coupon): Promise<void>;
  /** What came of that on the page. */
  applied(answer: { how: string; reason: string | null }): void;
  giveBack(coupon: Coupon): Promise<void>;
  /** Asks again for coupons that the shop is at work on, for some seconds, and says what became of them. */
  follow(): Promise<void>;
  share(url: string, text: string): Promise<void>;
  download(): Promise<void>;
  /** What My balance says beside its figures: an address to confirm, and orders that gave nothing. */
  notices(): Child;
  /** The sum behind a row of the history; `bought` names the reward. */
  why(row: HistoryRow, bought: string): string;
}

/** A tab's part of the answer; absent until fetched. */
export interface Parts {
  earn?: EarnRule[];
  redeem?: Reward[];
  my_rewards?: CouponPage;
  referral?: Referral | null;
  my_balance?: History;
}

export interface State {
  /** wait: nobody knows yet. */
  who: "wait" | "guest" | "member";
  tab: Tab;
  /** The sign-in form on screen, for guests. */
  view?: View | undefined;
  member?: Member | undefined;
  balance?: Balance | undefined;
  parts: Parts;
  /** No answer came: the tab says so and offers to try again. */
  failed?: boolean;
  /** Place of the action under way. */
  busy: string;
  /** A refusal, shown where the action was. */
  note?: { at: string; text: string; field: string | null } | undefined;
  sheet?: Sheet | undefined;
  /** A result, said for two seconds. */
  toast: string;
  /** The friend's code the page keeps. */
  ref?: string | undefined;
  /** The shop's word about somebody who left the program: joining again asks for it. */
  left?: boolean;
  /** Points chosen on sliding rewards. */
  chosen: Record<string, number>;
  qr?: QrCode | undefined;
  /** The e-mail typed so far, kept between the forms. */
  email: string;
  deeds?: Deeds;
  /** When the last code was mailed. */
  mailed: number;
}

const wanted = query.get("tab");

export const state: State = {
  who: "wait", tab: TABS.find((tab) => tab === wanted) ?? "earn", parts: {}, busy: "", toast: "", chosen: {}, email: "", mailed: 0,
};

let draw = () => {};

export function drawWith(how: () => void): void {
  draw = how;
}

const heading = () => document.querySelector<HTMLElement>("dialog h2, main:not(:has(~ dialog)) h2")?.focus();

/** Draws the changes. The keyboard is never nowhere: when what had it is gone, the heading has it. */
export function set(changes: Partial<State>): void {
  const had = document.activeElement;
  Object.assign(state, changes);
  draw();
  if (had !== document.activeElement && document.activeElement === document.body) heading();
}

/** set(), then the keyboard and the reader go to the heading of what is new. */
export function go(changes: Partial<State>): void {
  set({ note: undefined, ...changes });
  document.querySelector("main")!.scrollTop = 0;
  heading();
}

export function toast(text: string): void {
  set({ toast: text });
  setTimeout(() => { if (state.toast === text) set({ toast: "" }); }, 2000);
}
