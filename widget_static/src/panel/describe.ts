// Texts for rules, rewards, coupons and gifts; every tab and the guest's page use them.

import type { Coupon, EarnRule, Gift, ReferralOffer, Reward } from "../api";
import { boot } from "./boot";
import { joinFacts, Row } from "./components";
import { pageOrigin } from "./host";
import { h, type Child } from "./render";
import { comma, isolate, lastDay, money, num, percent, points, program, t } from "./words";

/** Returns the shop's address if a link may open it (http or https), else null. */
export function safeAddress(url: string | null): string | null {
  try {
    const full = new URL(url!, pageOrigin);
    return url && /^https?:$/.test(full.protocol) ? full.href : null;
  } catch {
    return null;
  }
}

/** A kind without texts of its own uses those of "custom", here and for its button and its rows in the history. */
export const ruleTitle = ({ title, kind, channel }: EarnRule) =>
  title ? isolate(title) : t(`earn_${kind}`, { channel: isolate(channel ?? ""), program }) || t("earn_custom");

function ruleLimit({ limit }: EarnRule): string | null {
  if (!limit) return null;
  const { period, times } = limit;
  return times > 1 ? t(`limit_n_${period}`, { times }) : t(`limit_1_${period}`);
}

function rulePoints({ kind, points: n, rate }: EarnRule): string | null {
  if (rate) return t("rate", { points: points(rate.points), money: money(rate.per) });
  if (n === null) return null;
  return kind === "social" ? t("click_only", { n }) : t("plus", { n });
}

/** What a rule gives, how often, and under which condition. */
export function ruleText(rule: EarnRule): string {
  const gives = [
    rulePoints(rule),
    rule.before_tax && t("before_tax"),
    rule.rate && t(`round_${rule.rounding}`),
    ruleLimit(rule),
  ];
  return joinFacts(
    gives.filter(Boolean).join(comma),
    minimumText(rule.minimum_subtotal),
    rule.multiplier && +rule.multiplier !== 1 && t("multiplied", { factor: num(+rule.multiplier) }),
    rule.description && isolate(rule.description),
  );
}

export const minimumText = (subtotal: string | null) =>
  subtotal && +subtotal > 0 ? t("orders_from", { money: money(subtotal) }) : "";

type Named = Pick<Reward | Coupon, "title" | "amount" | "percent" | "product_name"> & { kind: Reward["kind"] };

/** The name of a reward: its title, "€10 off", "Free shipping". */
export function rewardName({ title, kind, amount, percent: share, product_name }: Named): string {
  if (title) return isolate(title);
  if (kind === "free_product" && product_name) return isolate(product_name);
  const what = kind === "percent" ? percent(share!) : amount && money(amount);
  return what ? t("off", { what }) : t(`name_${kind}`);
}

/** The cost and the conditions of a reward, for its row. */
export const rewardText = (reward: Reward, cost: number) => joinFacts(
  points(cost), minimumText(reward.minimum_subtotal), onlyFor(reward.collections),
  reward.tier_name && t("tier_only", { tier: isolate(reward.tier_name) }),
  reward.ends_at && t("until", { date: lastDay(reward.ends_at) }),
  reward.description && isolate(reward.description),
);

export const joinNames = (names: string[]) => names.map(isolate).join(comma);

export const onlyFor = (collections: string[]) =>
  collections.length ? t("only_for", { list: joinNames(collections) }) : "";

/** A referral gift as text: "200 points", "€5 off · orders from €40". */
export const giftText = (gift: Gift) => joinFacts(
  gift.kind === "points" ? points(gift.points ?? 0) : rewardName({ title: null, ...gift } as Named),
  minimumText(gift.minimum_subtotal),
);

/** When the advocate gets the gift. */
export const triggerText = (offer: ReferralOffer) =>
  joinFacts(t(`trigger_${offer.trigger}`), minimumText(offer.minimum_subtotal));

/** The rows of earning rules, with the referral row second if there is a gift for the advocate. */
export function withReferralRow(rows: Child[], end?: Child): Child[] {
  const { referral } = boot.guest;
  const row = referral?.you_get && h(Row, {
    icon: "referral", title: t("earn_referral"),
    text: `${giftText(referral.you_get)}${comma}${triggerText(referral)}`, end,
  });
  return [rows[0], row, rows.slice(1)];
}
