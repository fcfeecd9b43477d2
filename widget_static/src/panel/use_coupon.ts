// "Use it now": sends a code to the shop's cart.

import type { Application, Coupon } from "../api";
import { copyText, joinFacts } from "./components";
import { replaceCoupon } from "./coupon_changes";
import { postToPage } from "./host";
import { request } from "./http";
import { set, showToast } from "./state";
import { isolate, t } from "./words";

/** How long the shop's page may take to respond. */
const CART_MS = 15e3;

/** The shop's result for a code; see TO_PANEL in messages.ts. */
type Applied = { how: string; reason: string | null };

let resolveApplied = (_result: Applied) => {};

/** Handles the page's response. */
export const couponApplied = (result: Applied) => resolveApplied(result);

/** Sends a code to the shop's cart. Throws Refused. */
export async function useCoupon({ id, code }: Coupon): Promise<void> {
  // copied before anything else: the browser may leave the page for the cart
  const isCopied = await copyText(code!);
  const path = `my-rewards/${id}/apply`;
  const { url } = await request<Application>(path, { in_cart: false });
  const applied = new Promise<Applied>((resolve) => {
    resolveApplied = resolve;
    setTimeout(resolve, CART_MS, { how: "refused", reason: null });
  });
  postToPage({ type: "apply", code: code!, url });
  const { how, reason } = await applied;
  if (how === "applied") {
    replaceCoupon((await request<Application>(path, { in_cart: true })).coupon);
    return showToast(t("in_cart"));
  }
  const text = joinFacts(isCopied && t("copied"), t(`cart_${how}`));
  if (how !== "refused") return showToast(text);
  set({ error: { place: "use" + id, field: null, text: reason ? isolate(reason) + " " + t("code_stays") : text } });
}
