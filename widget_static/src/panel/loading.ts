// Fetches what the tab on screen shows: its data, its words and its file, at the same time.

import type { Balance, MemberPanel, Tab } from "../api";
import { postToPage } from "./host";
import { readBody, request } from "./http";
import { fetchWords } from "./lazy_words";
import { endedBy } from "./session";
import { firstTab, navigate, set, showToast, state } from "./state";
import * as store from "./store";
import { fetchOtherTabs, fetchTab, TAB_TABLE } from "./tabs";
import { t } from "./words";

let afterLoad: () => unknown;

/** Sets a callback that runs whenever a tab has been loaded. */
export function onLoaded(run: () => unknown): void {
  afterLoad = run;
}

/** Loads the balance and the tab on screen; `first` is the response that the document requested already. */
export async function loadTab(first?: Promise<Response>): Promise<void> {
  // nothing to load until the shopper is known
  if (!first && state.who !== "member") return;
  const tab = first ? firstTab : state.tab;
  const token = store.get("");
  set({ failed: false });
  try {
    const [panel] = await Promise.all([
      first ? readBody<MemberPanel>(first)
        : request<MemberPanel>(`panel?tab=${tab}&pages=${state.pages[tab] ?? 1}`),
      tab === firstTab || fetchWords(),
      fetchTab(tab),
    ]);
    if (token !== store.get("")) return;
    const { member, balance, unseen, next_cursor } = panel;
    state.cursors[tab] = next_cursor;
    set({ who: "member", member, balance, tabData: { ...state.tabData, [tab]: panel[TAB_TABLE[tab].part] } });
    postToPage({ type: "dot", count: unseen });
    if (!(state.tab in state.tabData)) return loadTab();
    fetchOtherTabs();
    if (tab === "earn") await countVisit();
    afterLoad();
  } catch (error) {
    if (token === store.get("") && !endedBy(error)) set({ who: "member", failed: true });
  }
}

export function openTab(tab: Tab): void {
  navigate({ tab });
  void loadTab();
}

let isVisitCounted = false;

/** Reports the daily visit once, when its rule is open, or may be on a page that is not loaded. */
async function countVisit(): Promise<void> {
  const isOpen = state.cursors.earn
    || state.tabData.earn?.some((rule) => rule.kind === "visit" && rule.state === "open");
  if (isVisitCounted || !isOpen) return;
  isVisitCounted = true;
  const { points, balance } = await request<{ points: number; balance: Balance }>("earn/visit", {});
  set({ balance });
  if (points) {
    postToPage({ type: "event", name: "earned" });
    showToast(t("plus", { n: points }));
    await loadTab();
  }
}
