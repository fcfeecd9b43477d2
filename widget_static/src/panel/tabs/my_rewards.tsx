// My rewards: a card for each coupon that can still be used, a row for each that cannot.

import { boot } from "../boot";
import { h } from "../draw";
import type { Coupon, CouponPage } from "../../api";
import { ask } from "../ask";
import { Code, Do, facts, Note, Row, Title } from "../parts";
import { choose } from "../session";
import { set, state } from "../state";
import { minimum, onlyFor, rewardName } from "../terms";
import { deeds } from "../wishes";
import { lastDay, points, t } from "../words";

const LIVE = /issuing|active|applied/;

export const UseIt = ({ coupon }: { coupon: Coupon }) => [
  <Do at={"use" + coupon.id} look="go" run={async () => (await deeds()).use(coupon)}>{t("use_now")}</Do>,
  <Note at={"use" + coupon.id} />,
];

const Tag = ({ coupon: { status, returning } }: { coupon: Coupon }) =>
  <span class={"tag " + (returning ? "" : status === "active" ? "ok" : status === "failed" ? "bad" : "")}>{t("status_" + (returning ? "returning" : status))}</span>;

/** What is to be said of one that cannot be used now: if it failed why, and that its points are back (acceptance 30). */
export function standing({ status, returning, failure, cost_points: n }: Coupon): string {
  const back = n > 0 && t("coupon_returned", { n });
  if (status === "returned") return back || "";
  const text = t("failed_" + failure) || t("coupon_" + (returning ? "returning" : status));
  return status === "failed" && back ? text + " " + back : text;
}

function Card({ coupon }: { coupon: Coupon }) {
  const { code, status, returning, failure, return_until: until, cost_points: n } = coupon;
  const usable = status === "active" && !returning;
  return <article class="card" key={coupon.id}>
    <header>
      <div>
        <p class="t">{rewardName(coupon)}</p>
        <p class="m">{facts(
          coupon.expires_at && t("expires", { date: lastDay(coupon.expires_at) }), minimum(coupon.minimum_subtotal),
          onlyFor(coupon.collections), !coupon.combines && t("not_combined"),
        )}</p>
      </div>
      <Tag coupon={coupon} />
    </header>
    {code && !returning && <Code text={code} label={t("copy_code", { code })} />}
    {usable ? <UseIt coupon={coupon} /> : <p class="m">{standing(coupon)}</p>}
    {failure && <p class="m">{t("kept_" + failure)}</p>}
    {until && usable && <details>
      <summary><u>{t("return_for", { n })}</u></summary>
      <p class="m">{t("return_until", { date: lastDay(until) })}</p>
      <Note at={"return" + coupon.id} />
      <div class="wide"><Do at={"return" + coupon.id} run={async () => (await deeds()).giveBack(coupon)}>{t("return_for", { n })}</Do></div>
    </details>}
  </article>;
}

function Past({ coupon }: { coupon: Coupon }) {
  const { status, order_number: order, ended_at: end } = coupon;
  const on = end ? lastDay(end) : "";
  const text = /failed|returned/.test(status) ? standing(coupon)
    : order ? t("used_on", { order, date: on }) : end ? t("ended_on", { date: on }) : points(coupon.cost_points);
  return <Row title={rewardName(coupon)} text={text} end={<Tag coupon={coupon} />} />;
}

async function further(cursor: string): Promise<void> {
  const page = await ask<CouponPage>("my-rewards?cursor=" + encodeURIComponent(cursor));
  const { coupons } = state.parts.my_rewards!;
  set({ parts: { ...state.parts, my_rewards: { ...page, coupons: [...coupons, ...page.coupons] } } });
}

export function MyRewards() {
  const { coupons, next_cursor: cursor } = state.parts.my_rewards!;
  const past = coupons.filter((coupon) => !LIVE.test(coupon.status));
  const within = boot.guest.rewards.find((reward) => !reward.sliding && reward.cost_points <= state.balance!.available);
  return <div>
    <Title>{t("name_my_rewards")}</Title>
    {!coupons.length && <p class="m">{t("empty_my_rewards")} {within && t("enough", { n: state.balance!.available, what: rewardName(within) })}</p>}
    {!coupons.length && <div class="wide"><Do look="go" run={() => choose("redeem")}>{t("name_redeem")}</Do></div>}
    {coupons.filter((coupon) => LIVE.test(coupon.status)).map((coupon) => <Card coupon={coupon} />)}
    {past.length > 0 && <h3>{t("earlier")}</h3>}
    {past.length > 0 && <ul>{past.map((coupon) => <Past coupon={coupon} />)}</ul>}
    {cursor && <div class="wide"><Do at="more" run={() => further(cursor)}>{t("show_more")}</Do></div>}
  </div>;
}
