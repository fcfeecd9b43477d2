// Polls pending coupons, which the shop has not finished yet, for some seconds.

import type { Coupon, CouponPage } from "../api";
import { pendingCoupons } from "./coupons";
import { rewardName } from "./describe";
import { request } from "./http";
import { loadTab } from "./loading";
import { set, showToast, state } from "./state";
import * as store from "./store";
import { t } from "./words";

const WAITS_MS = [1e3, 2e3, 4e3, 8e3];

/** Number of the newest run; earlier runs stop. */
let newestRun = 0;

/** Replaces the panel's coupons by fresh ones; returns those that are finished now. */
function update(fresh: (old: Coupon) => Coupon): Coupon[] {
  const before = new Set(pendingCoupons().map(fresh));
  const { tabData, sheet } = state;
  const { my_rewards: list } = tabData;
  set({
    tabData: list ? { ...tabData, my_rewards: { ...list, coupons: list.coupons.map(fresh) } } : tabData,
    sheet: sheet?.kind === "done" ? { kind: "done", coupon: fresh(sheet.coupon) } : sheet,
  });
  return [...before].filter((coupon) => !pendingCoupons().includes(coupon));
}

/** Requests pending coupons again, a few times, and shows their result. */
export async function followCoupons(): Promise<void> {
  const run = ++newestRun;
  const token = store.get("");
  for (const wait of WAITS_MS) {
    if (!pendingCoupons().length) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    // a hidden page loads everything again when it is shown
    if (run !== newestRun || document.hidden) return;
    const page = await request<CouponPage>("my-rewards").catch(() => null);
    if (run !== newestRun || token !== store.get("")) return;
    const finished = update((old) => page?.coupons.find(({ id }) => id === old.id) ?? old);
    if (!finished.length) continue;
    showToast(finished.map((coupon) => `${rewardName(coupon)}: ${t(`status_${coupon.status}`)}`).join(" · "));
    return loadTab();
  }
}
