// Loads the next page of a list and adds it to the list on screen.

import type { MemberPanel } from "../api";
import { boot } from "./boot";
import { request } from "./http";
import { set, state, type ListName } from "./state";

/** The paths of the lists that have another one than their name. */
const PATHS: Record<string, string> = { my_rewards: "my-rewards", my_balance: "my-balance/history" };

type Page = Pick<MemberPanel, "next_cursor"> & Record<string, unknown>;
type Lists = Record<string, unknown[] & { coupons?: unknown[]; rows?: unknown[] }>;

const shownItems = () => [...document.querySelectorAll<HTMLElement>("li, article")];

/** Requests the next page, adds it, and moves the focus to the first new item. Throws Refused. */
export async function loadMore(list: ListName): Promise<void> {
  const { cursors, pages } = state;
  const cursor = cursors[list]!;
  const page = await request<Page>(`${PATHS[list] ?? list}?cursor=${cursor}`);
  // the list was loaded anew meanwhile: this page may not follow it
  if (cursors[list] !== cursor) return;
  // without the guest/ before the name
  const data = (state.tabData as Lists)[list] ?? (boot.guest as unknown as Lists)[list.slice(6)]!;
  // beyond the first page no other array has items
  (data.coupons ?? data.rows ?? data).push(...Object.values(page).filter(Array.isArray).flat());
  cursors[list] = page.next_cursor;
  pages[list] = (pages[list] ?? 1) + 1;
  const old = shownItems();
  set({});
  const first = shownItems().find((item) => !old.includes(item))!;
  first.tabIndex = -1;
  first.focus();
}
