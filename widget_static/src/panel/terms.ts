// Rules, rewards, coupons and gifts said in words; every tab and the guest's page read them here.

import type { Coupon, EarnRule, Gift, ReferralOffer, Reward } from "../api";
import { boot } from "./boot";
import { h, type Child } from "./draw";
import { page } from "./host";
import { facts, Row } from "./parts";
import { comma, lastDay, money, num, own, percent, points, program, t } from "./words";

/** What stands in the shop's pages: an address a link may lead to, else null. */
export function shopAddress(url: string | null): string | null {
  try {
    const full = new URL(url!, page);
    return url && /^https?:$/.test(full.protocol) ? full.href : null;
  } catch {
    return null;
  }
}

export const ruleTitle = ({ title, kind, channel }: EarnRule) =>
  title ? own(title) : t("earn_" + kind, { channel: own(channel ?? ""), program });

/** What a rule gives, how often, and on which condition. */
export function ruleText(rule: EarnRule): string {
  const { rate, limit } = rule;
  const gives = [
    rate ? t("rate", { points: points(rate.points), money: money(rate.per) })
      : rule.points !== null && t(rule.kind === "social" ? "click_only" : "plus", { n: rule.points }),
    rule.before_tax && t("before_tax"),
    rate && t("round_" + rule.rounding),
    limit && t(`limit_${limit.times > 1 ? "n" : 1}_${limit.period}`, { times: limit.times }),
  ];
  return facts(
    gives.filter(Boolean).join(comma),
    minimum(rule.minimum_subtotal),
    rule.multiplier && +rule.multiplier !== 1 && t("multiplied", { factor: num(+rule.multiplier) }),
    rule.description && own(rule.description),
  );
}

export const minimum = (subtotal: string | null) => subtotal && +subtotal > 0 ? t("orders_from", { money: money(subtotal) }) : "";

type Worthy = Pick<Reward | Coupon, "title" | "amount" | "percent" | "product_name"> & { kind: Reward["kind"] };

/** "€10 off", "Free shipping". */
export const rewardName = ({ title, kind, amount, percent: share, product_name }: Worthy) =>
  title ? own(title) : kind === "free_product" && product_name ? own(product_name) : kind === "percent" ? t("off", { what: percent(share!) })
    : amount ? t("off", { what: money(amount) }) : t("name_" + kind);

/** Conditions of a reward, for its row. */
export const rewardText = (reward: Reward, cost: number) => facts(
  points(cost), minimum(reward.minimum_subtotal), onlyFor(reward.collections),
  reward.tier_name && t("tier_only", { tier: own(reward.tier_name) }),
  reward.ends_at && t("until", { date: lastDay(reward.ends_at) }),
  reward.description && own(reward.description),
);

export const list = (names: string[]) => names.map(own).join(comma);

export const onlyFor = (collections: string[]) => collections.length ? t("only_for", { list: list(collections) }) : "";

/** "200 points", "€5 off · orders from €40". */
export const giftText = (gift: Gift) => facts(
  gift.kind === "points" ? points(gift.points ?? 0) : rewardName({ title: null, ...gift } as Worthy),
  minimum(gift.minimum_subtotal),
);

/** When the advocate's gift comes: the offer's trigger. */
export const triggerText = (offer: ReferralOffer) => facts(t("trigger_" + offer.trigger), minimum(offer.minimum_subtotal));

/** The rows of earning with the friend's row after the first: where there is a referral program. */
export function withFriends(rows: Child[], end?: Child): Child[] {
  const { referral } = boot.guest;
  const row = referral?.you_get && h(Row, {
    icon: "referral", title: t("earn_referral"), text: `${giftText(referral.you_get)}${comma}${triggerText(referral)}`, end,
  });
  return [rows[0], row, rows.slice(1)];
}
