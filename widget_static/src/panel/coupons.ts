// Coupons that the shop is at work on: it makes a code, or ends one.

import type { Coupon } from "../api";
import { state } from "./state";

const isUnderWay = ({ status, returning }: Coupon) => status === "issuing" || returning;

/** Those that the panel holds: in the list, and the one just bought. */
export function underWay(): Coupon[] {
  const { parts, sheet } = state;
  return [...parts.my_rewards?.coupons ?? [], ...sheet?.kind === "done" ? [sheet.coupon] : []].filter(isUnderWay);
}
