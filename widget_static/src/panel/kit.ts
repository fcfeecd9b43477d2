// What deeds.tsx works with: it is a file of its own (wishes.ts), so it is handed its tools.

import { ask, requestKey } from "./ask";
import { underWay } from "./coupons";
import { h } from "./draw";
import { tell } from "./host";
import { closeSheet, Code, copy, Do, Facts, facts, Note, put, Sheet, Title } from "./parts";
import { act, begin, forget, friend, load } from "./session";
import { go, set, state, toast } from "./state";
import * as store from "./store";
import { standing, UseIt } from "./tabs/my_rewards";
import { list, minimum, rewardName } from "./terms";
import { date, lastDay, money, num, own, points, program, span, t } from "./words";

export const kit = [
  act, ask, begin, closeSheet, Code, copy, date, Do, Facts, facts, forget, friend, go, h, lastDay, list, load, minimum, money, Note, num, own, points,
  program, put, requestKey, rewardName, set, Sheet, span, standing, state, t, store, tell, Title, toast, underWay, UseIt,
] as const;

export type Kit = typeof kit;
