// Coupons whose shop has not finished yet: it makes a code, or ends one.

import type { Coupon } from "../api";
import { state } from "./state";

const isPending = ({ status, returning }: Coupon) => status === "issuing" || returning;

/** Those that the panel holds: in the list, and the one that was just redeemed. */
export function pendingCoupons(): Coupon[] {
  const { tabData, sheet } = state;
  return [...tabData.my_rewards?.coupons ?? [], ...sheet?.kind === "done" ? [sheet.coupon] : []].filter(isPending);
}
