// Pending coupons: the shop is still creating or revoking their code.

import type { Coupon } from "../api";
import { state } from "./state";

const isPending = ({ status, returning }: Coupon) => status === "issuing" || returning;

/** The panel's pending coupons: in the list, and the one that was just redeemed. */
export function pendingCoupons(): Coupon[] {
  const { tabData, sheet } = state;
  return [...tabData.my_rewards?.coupons ?? [], ...sheet?.kind === "done" ? [sheet.coupon] : []].filter(isPending);
}
