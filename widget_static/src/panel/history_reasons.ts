// The explanation of a history row, with the computation of its points.

import type { HistoryRow, Why } from "../api";
import { duration, money, num, points, t } from "./words";

/** "€84.60 of goods × 10 points = 846, rounded down."; "" for points that do not depend on an amount of money. */
function sumText({ base, rate, multiplier, rounding, capped }: Why, n: number): string {
  if (!rate || !base) return "";
  const factor = +(multiplier ?? 1);
  const isRounded = +base / +rate.per * rate.points * factor !== n;
  return t("why_sum", {
    base: money(base),
    rate: +rate.per === 1 ? points(rate.points) : t("rate", { points: points(rate.points), money: money(rate.per) }),
    factor: factor === 1 ? "" : " × " + num(factor),
    total: num(n),
    rounding: isRounded && rounding && !capped ? ", " + t(`round_${rounding}`) : "",
  });
}

function waitText(days: number | null): string {
  return days ? t("waits_days", { days: duration(days, "day") }) : t("waits");
}

/** The sentences that explain a row; `reward` is the name of the reward it is about. */
export function reasonText({ points: signed, reason, why, due_at }: HistoryRow, reward: string): string {
  const n = Math.abs(signed);
  const sum = sumText(why, n);
  const sentences = [
    sum,
    sum && (why.includes_shipping ? t("with_shipping") : t("without_shipping")),
    t(`why_${reason.code}`, { n, title: reward }) || sum || t("why_rule", { n }),
    why.capped && t("capped"),
    due_at && waitText(why.wait_days),
  ];
  return sentences.filter((text, index, all) => text && all.indexOf(text) === index).join(" ");
}
