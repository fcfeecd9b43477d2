// My rewards: a card for each coupon that can still be used, a row for each that cannot.

import type { Coupon } from "../../api";
import { boot } from "../boot";
import { ActionButton, ActionError, Code, joinFacts, Row, ShowMore, Title } from "../components";
import { couponStatus, statusText, UseCoupon } from "../coupon_status";
import { minimumText, onlyFor, rewardName } from "../describe";
import { fetchActions } from "../lazy_files";
import { h } from "../render";
import { state } from "../state";
import type { TabProps } from "../tabs";
import { lastDay, points, t } from "../words";

export { statusText, UseCoupon };

const isLive = ({ status }: Coupon) => /issuing|active|applied/.test(status);

function Tag({ coupon }: { coupon: Coupon }) {
  const { status, returning } = coupon;
  const look = returning ? "" : status === "active" ? "ok" : status === "failed" ? "bad" : "";
  return <span class={"tag " + look}>{t(`status_${couponStatus(coupon)}`)}</span>;
}

function ReturnCoupon({ coupon, until }: { coupon: Coupon; until: string }) {
  const place = "return" + coupon.id;
  const text = t("return_for", { n: coupon.cost_points });
  return <details>
    <summary><u>{text}</u></summary>
    <p class="m">{t("return_until", { date: lastDay(until) })}</p>
    <ActionError place={place} />
    <div class="wide"><ActionButton place={place} run={async () => (await fetchActions()).returnCoupon(coupon)}>
      {text}
    </ActionButton></div>
  </details>;
}

function Card({ coupon }: { coupon: Coupon }) {
  const { code, status, returning, failure, return_until: until } = coupon;
  const isUsable = status === "active" && !returning;
  return <article class="card" key={coupon.id}>
    <header>
      <div>
        <p class="t">{rewardName(coupon)}</p>
        <p class="m">{joinFacts(
          coupon.expires_at && t("expires", { date: lastDay(coupon.expires_at) }),
          minimumText(coupon.minimum_subtotal), onlyFor(coupon.collections), !coupon.combines && t("not_combined"),
        )}</p>
      </div>
      <Tag coupon={coupon} />
    </header>
    {code && !returning && <Code text={code} label={t("copy_code", { code })} />}
    {isUsable ? <UseCoupon coupon={coupon} /> : <p class="m">{statusText(coupon)}</p>}
    {failure && <p class="m">{t(`kept_${failure}`)}</p>}
    {until && isUsable && <ReturnCoupon coupon={coupon} until={until} />}
  </article>;
}

function PastCoupon({ coupon }: { coupon: Coupon }) {
  const { status, order_number: order, ended_at: end, cost_points } = coupon;
  const day = end ? lastDay(end) : "";
  const text = /failed|returned/.test(status) ? statusText(coupon)
    : order ? t("used_on", { order, date: day }) : end ? t("ended_on", { date: day }) : points(cost_points);
  return <Row title={rewardName(coupon)} text={text} end={<Tag coupon={coupon} />} />;
}

function Empty({ openTab }: TabProps) {
  const { available } = state.balance!;
  const near = boot.guest.rewards.find((reward) => !reward.sliding && reward.cost_points <= available);
  return [
    <p class="m">{t("empty_my_rewards")} {near && t("enough", { n: available, what: rewardName(near) })}</p>,
    <div class="wide">
      <ActionButton look="go" run={() => openTab("redeem")}>{t("name_redeem")}</ActionButton>
    </div>,
  ];
}

export default function MyRewards({ openTab }: TabProps) {
  const { coupons } = state.tabData.my_rewards!;
  const past = coupons.filter((coupon) => !isLive(coupon));
  return <div>
    <Title>{t("name_my_rewards")}</Title>
    {!coupons.length && <Empty openTab={openTab} />}
    {coupons.filter(isLive).map((coupon) => <Card coupon={coupon} />)}
    {past.length > 0 && [<h3>{t("earlier")}</h3>, <ul>{past.map((coupon) => <PastCoupon coupon={coupon} />)}</ul>]}
    <ShowMore list="my_rewards" />
  </div>;
}
