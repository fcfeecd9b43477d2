// Returning a coupon for its points.

import type { Coupon, Redemption } from "../api";
import { replaceCoupon, shownTabData } from "./coupon_changes";
import { request } from "./http";
import { loadTab } from "./loading";
import { set, showToast } from "./state";
import { t } from "./words";

/** Returns a coupon. Throws Refused. */
export async function returnCoupon({ id, cost_points: n }: Coupon): Promise<void> {
  const { coupon, balance } = await request<Redemption>(`my-rewards/${id}/return`, {});
  replaceCoupon(coupon);
  set({ balance, tabData: shownTabData() });
  // where the shop must revoke the code first, the points are booked a little later
  if (coupon.status === "returned") showToast(t("plus", { n }));
  else void loadTab();
}
