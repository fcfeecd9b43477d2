// All state of the panel. Every change is made by set(), which renders the whole panel again.

import { TABS, type Balance, type Barcode, type Coupon, type Member, type QrCode, type Reward, type Tab } from "../api";
import { boot, query } from "./boot";
import type { TabData } from "./tabs";

/** The forms for signing in and signing up. */
export type View = "log_in" | "password" | "sign_up" | "code" | "forgot" | "new_password";

export interface PlainSheet { kind: "birthday" | "friend_code" | "leave" | "reply" | "verify" }
export interface TillSheet { kind: "till"; code: string; qr: QrCode; barcode: Barcode }
export interface ConfirmSheet { kind: "confirm"; reward: Reward; cost: number; what: string; request: string }
export interface DoneSheet { kind: "done"; coupon: Coupon }
export type Sheet = PlainSheet | ConfirmSheet | DoneSheet | TillSheet;

/** A list that comes in pages: of a tab, or of the guest's page. */
export type ListName = Tab | "guest/earn" | "guest/rewards";

export interface State {
  /** "wait": not known yet. */
  who: "wait" | "guest" | "member";
  tab: Tab;
  /** The form on screen, for guests. */
  view?: View | undefined;
  member?: Member | undefined;
  balance?: Balance | undefined;
  tabData: TabData;
  /** Where the next page of a list begins; null without one. */
  cursors: { [Name in ListName]?: string | null };
  /** How many pages of a list are shown, unless one. */
  pages: { [Name in ListName]?: number };
  /** No response arrived: the tab shows it and offers to try again. */
  failed?: boolean;
  /** The place of the running action. */
  busy: string;
  /** A refusal, shown at its action or at a field. */
  error?: { place: string; text: string; field: string | null } | undefined;
  sheet?: Sheet | undefined;
  /** A result, shown for two seconds. */
  toast: string;
  /** The friend's code that the shop's page has stored. */
  ref?: string | undefined;
  /** The shop's identity token is of somebody who left the program: joining again needs a new token. */
  left?: boolean;
  /** Points chosen on sliding rewards, by the reward's id. */
  chosen: Record<string, number>;
  qr?: QrCode | undefined;
  /** The e-mail typed so far, kept between the forms. */
  email: string;
  /** lazy_actions, once fetched. */
  actions?: typeof import("./lazy_actions");
  /** When the last code was mailed, in milliseconds. */
  mailedAt: number;
}

const requested = query.get("tab");

/** The tab that the document was opened on; its texts are in the document. */
export const firstTab = TABS.find((tab) => tab === requested) ?? TABS[0];

export const state: State = {
  who: "wait", tab: firstTab, tabData: {}, pages: {}, busy: "", toast: "", chosen: {}, email: "", mailedAt: 0,
  cursors: { "guest/earn": boot.guest.earn_cursor, "guest/rewards": boot.guest.rewards_cursor },
};

let renderPanel = () => {};

export function renderWith(how: () => void): void {
  renderPanel = how;
}

const focusHeading = () =>
  document.querySelector<HTMLElement>("dialog h2, main:not(:has(~ dialog)) h2")?.focus();

/** Renders the changes. When the focused element is gone, the heading gets the focus. */
export function set(changes: Partial<State>): void {
  const focused = document.activeElement;
  Object.assign(state, changes);
  renderPanel();
  if (focused !== document.activeElement && document.activeElement === document.body) focusHeading();
}

/** Calls set(), then moves keyboard focus and screen readers to the new heading. */
export function navigate(changes: Partial<State>): void {
  set({ error: undefined, ...changes });
  document.querySelector("main")!.scrollTop = 0;
  focusHeading();
}

export function showToast(text: string): void {
  set({ toast: text });
  setTimeout(() => { if (state.toast === text) set({ toast: "" }); }, 2000);
}
