// A coupon's status as text, and the button that uses it: in My rewards and after redeeming.

import type { Coupon } from "../api";
import { ActionButton, ActionError } from "./components";
import { fetchActions } from "./lazy_files";
import { h } from "./render";
import { t } from "./words";

/** The status as the shopper sees it: "returning" while the shop revokes the code. */
export const couponStatus = ({ status, returning }: Coupon) => returning ? "returning" : status;

/** The state of a coupon that cannot be used now: why it failed, and that its points are back (acceptance 30). */
export function statusText(coupon: Coupon): string {
  const { status, failure, cost_points: n } = coupon;
  const back = n > 0 ? t("coupon_returned", { n }) : "";
  if (status === "returned") return back;
  const text = t(`failed_${failure}`) || t(`coupon_${couponStatus(coupon)}`);
  return status === "failed" && back ? text + " " + back : text;
}

export function UseCoupon({ coupon }: { coupon: Coupon }) {
  const place = "use" + coupon.id;
  return [
    <ActionButton place={place} look="go" run={async () => (await fetchActions()).useCoupon(coupon)}>
      {t("use_now")}
    </ActionButton>,
    <ActionError place={place} />,
  ];
}
