// What deeds.tsx works with. It is a file of its own, fetched when a shopper first does something, so it is handed its tools.

import type { Words } from "../api";
import { ask, requestKey } from "./ask";
import { boot } from "./boot";
import { h } from "./draw";
import { tell } from "./host";
import { closeSheet, Code, copy, Do, Facts, Note, Sheet, Title } from "./parts";
import { act, begin, forget, friend, load } from "./session";
import { go, set, state, toast, type Deeds } from "./state";
import { UseIt } from "./tabs/my_rewards";
import { minimum, rewardName } from "./terms";
import { date, money, num, points, span, t } from "./words";

const kit = [
  act, ask, begin, boot, closeSheet, Code, copy, date, Do, Facts, forget, friend, go, h, load, minimum, money, Note, num, points,
  requestKey, rewardName, set, Sheet, span, state, t, tell, Title, toast, UseIt,
] as const;

export type Kit = typeof kit;

/** Address of the file, known to the build. */
declare const __DEEDS__: string;

/** Fetches the file and its words once. Raises when they cannot be had. */
export async function deeds(): Promise<Deeds> {
  if (!state.deeds) {
    const [file, late] = await Promise.all([import(__DEEDS__), ask<Words>("words?lang=" + boot.locale)]);
    Object.assign(boot.strings, late.words);
    state.deeds = file.default(kit) as Deeds;
  }
  return state.deeds;
}

/** Opens a sheet of that file. */
export async function sheet(kind: "birthday" | "friend_code" | "leave"): Promise<void> {
  await deeds();
  set({ sheet: { kind } });
}
