// What deeds.tsx works with. It is a file of its own, fetched when a shopper first does something, so it is handed its tools.

import { ask, requestKey } from "./ask";
import { underWay } from "./coupons";
import { h } from "./draw";
import { tell } from "./host";
import { words } from "./late";
import { closeSheet, Code, copy, Do, Facts, Note, Sheet, Title } from "./parts";
import { act, begin, forget, friend, load } from "./session";
import { go, set, state, toast, type Deeds } from "./state";
import * as store from "./store";
import { standing, UseIt } from "./tabs/my_rewards";
import { list, minimum, rewardName } from "./terms";
import { date, lastDay, money, num, own, points, program, span, t } from "./words";

const kit = [
  act, ask, begin, closeSheet, Code, copy, date, Do, Facts, forget, friend, go, h, lastDay, list, load, minimum, money, Note, num, own, points,
  program, requestKey, rewardName, set, Sheet, span, standing, state, t, store, tell, Title, toast, underWay, UseIt,
] as const;

export type Kit = typeof kit;

/** Address of the file, known to the build. */
declare const __DEEDS__: string;

/** Fetches the file and its words once. Raises when they cannot be had. */
export async function deeds(): Promise<Deeds> {
  if (!state.deeds) {
    const [file] = await Promise.all([import(__DEEDS__), words()]);
    state.deeds = file.default(kit) as Deeds;
  }
  return state.deeds;
}

/** Opens a sheet of that file. */
export async function sheet(kind: "birthday" | "friend_code" | "leave"): Promise<void> {
  await deeds();
  set({ sheet: { kind } });
}
