// The table of tabs, in the order of the server's list (api.ts). A tab whose component is LATE has a file of its own
// in tabs/, fetched when it is first shown.

import { TABS, type MemberPanel, type Tab } from "../api";
import type { IconName } from "./icons";
import { fetchFile } from "./lazy_files";
import type { Child } from "./render";
import { Earn } from "./tabs/earn";

export interface TabProps {
  /** Opens another tab. */
  openTab: (tab: Tab) => void;
}

type TabComponent = (props: TabProps) => Child;

interface TabEntry {
  icon: IconName;
  /** The part of the server's response that the tab shows. */
  part: keyof MemberPanel;
  component: TabComponent | undefined;
}

/** The component of a tab until its file is fetched. */
const LATE = undefined as TabComponent | undefined;

export const TAB_TABLE = {
  earn: { icon: "earn", part: "earn", component: Earn as TabComponent | undefined },
  redeem: { icon: "redeem", part: "rewards", component: LATE },
  my_rewards: { icon: "my_rewards", part: "my_rewards", component: LATE },
  referral: { icon: "referral", part: "referral", component: LATE },
  my_balance: { icon: "my_balance", part: "history", component: LATE },
} satisfies Record<Tab, TabEntry>;

/** What each tab shows; absent until fetched. */
export type TabData = { [Name in Tab]?: MemberPanel[(typeof TAB_TABLE)[Name]["part"]] };

/** Fetches the component of a late tab. Throws when it cannot be fetched. */
export async function fetchTab(tab: Tab): Promise<void> {
  TAB_TABLE[tab].component ??= (await fetchFile<{ default: TabComponent }>(tab)).default;
}

/** Fetches the other tabs in idle time, so that they open without a delay. */
export function fetchOtherTabs(): void {
  for (const tab of TABS) fetchTab(tab).catch(() => {});
}
