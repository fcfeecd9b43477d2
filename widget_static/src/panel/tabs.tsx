// The table of tabs. Their order is the server's list (api.ts); a tab without a component here is a file of its own in
// tabs/, fetched when it is first shown.

import { TABS, type MemberPanel, type Tab } from "../api";
import type { IconName } from "./icons";
import { fetchFile, type LateTab } from "./lazy_files";
import type { Child } from "./render";
import { Earn } from "./tabs/earn";

export interface TabProps {
  /** Opens another tab. */
  openTab: (tab: Tab) => void;
}

interface TabEntry {
  icon: IconName;
  /** The part of the server's answer that the tab shows. */
  part: keyof MemberPanel;
  /** Absent until its file is fetched. */
  component?: (props: TabProps) => Child;
}

export const TAB_TABLE: Record<Tab, TabEntry> = {
  earn: { icon: "earn", part: "earn", component: Earn },
  redeem: { icon: "redeem", part: "rewards" },
  my_rewards: { icon: "my_rewards", part: "my_rewards" },
  referral: { icon: "referral", part: "referral" },
  my_balance: { icon: "my_balance", part: "history" },
};

/** Fetches a tab's component where it is absent. Throws when it cannot be fetched. */
export async function fetchTab(tab: Tab): Promise<void> {
  TAB_TABLE[tab].component ??= (await fetchFile(tab as LateTab)).default;
}

/** Fetches the other tabs while nobody waits for them, so that they are there when they are opened. */
export function fetchOtherTabs(): void {
  for (const tab of TABS) fetchTab(tab).catch(() => {});
}
