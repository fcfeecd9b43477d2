// Updates the panel's data after a coupon or the points have changed.

import type { Coupon } from "../api";
import { set, state } from "./state";
import type { TabData } from "./tabs";

/** Puts a coupon's new state into the list, if the list is loaded. */
export function replaceCoupon(coupon: Coupon): void {
  const list = state.tabData.my_rewards;
  if (!list) return;
  const coupons = list.coupons.map((old) => old.id === coupon.id ? coupon : old);
  set({ tabData: { ...state.tabData, my_rewards: { ...list, coupons } } });
}

/** The data of the tab on screen alone: after points have changed, the data of the other tabs is outdated. */
export const shownTabData = (): TabData => ({ [state.tab]: state.tabData[state.tab] });
