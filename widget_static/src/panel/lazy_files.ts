// Late files: all tabs but the first, and lazy_actions. They import the panel's modules like any module; the build
// leaves those in the panel's own file.

import type { Tab } from "../api";
import { fetchWords } from "./lazy_words";
import { set, state, type PlainSheet } from "./state";

/** All files of the panel carry the same hash; the build writes it here and into their names. */
declare const __BUILD__: string;

type Actions = typeof import("./lazy_actions");

let failures = 0;

/** Fetches a late file, whose exports are of type File. Throws when it cannot be fetched; the next call tries again. */
export async function fetchFile<File>(name: Tab | "lazy_actions"): Promise<File> {
  // a browser remembers that an address failed, so later attempts have addresses of their own
  const address = `./${name}-${__BUILD__}.js${failures ? "?" + failures : ""}`;
  try {
    return await import(address);
  } catch (error) {
    failures++;
    throw error;
  }
}

/** Fetches the actions with their texts, once. Throws when they cannot be fetched. */
export async function fetchActions(): Promise<Actions> {
  if (!state.actions) {
    const [actions] = await Promise.all([fetchFile<Actions>("lazy_actions"), fetchWords()]);
    set({ actions });
  }
  return state.actions!;
}

/** Opens a sheet that has no data beside its kind. */
export async function openSheet(kind: PlainSheet["kind"]): Promise<void> {
  await fetchActions();
  set({ sheet: { kind } });
}
