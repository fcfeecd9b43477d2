// The files that come late: the tabs beside the first one, and lazy_actions. They import the modules of the panel like
// any module; the build leaves those in the panel's own file.

import type { Tab } from "../api";
import { fetchWords } from "./lazy_words";
import { set, state, type PlainSheet } from "./state";

/** All files of the panel carry the same hash; the build writes it here and into their names. */
declare const __BUILD__: string;

export type LateTab = Exclude<Tab, "earn">;
export interface Files {
  redeem: typeof import("./tabs/redeem");
  my_rewards: typeof import("./tabs/my_rewards");
  referral: typeof import("./tabs/referral");
  my_balance: typeof import("./tabs/my_balance");
  lazy_actions: typeof import("./lazy_actions");
}

let failures = 0;

/** Fetches a late file. Throws when it cannot be fetched; the next call tries again. */
export async function fetchFile<Name extends keyof Files>(name: Name): Promise<Files[Name]> {
  // a browser remembers that an address failed, so later attempts have addresses of their own
  const address = `./${name}-${__BUILD__}.js${failures ? "?" + failures : ""}`;
  try {
    return await import(address);
  } catch (error) {
    failures++;
    throw error;
  }
}

/** Fetches the actions with their words, once. Throws when they cannot be fetched. */
export async function fetchActions(): Promise<Files["lazy_actions"]> {
  if (!state.actions) {
    const [actions] = await Promise.all([fetchFile("lazy_actions"), fetchWords()]);
    set({ actions });
  }
  return state.actions!;
}

/** Opens a sheet that needs no more than its kind. */
export async function openSheet(kind: PlainSheet["kind"]): Promise<void> {
  await fetchActions();
  set({ sheet: { kind } });
}
