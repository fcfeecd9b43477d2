// Redeem points: what can be had now, the sliding reward, then what needs more points.

import type { Reward } from "../../api";
import { boot } from "../boot";
import { h } from "../draw";
import { Do, Note, rich, Row, Title } from "../parts";
import { set, state } from "../state";
import { rewardName, rewardText } from "../terms";
import { deeds } from "../wishes";
import { points, t } from "../words";

/** The most points that a sliding reward can take now. */
function most({ sliding }: Reward): number {
  const { min_points: min, step_points: step, max_points: max } = sliding!;
  return min + Math.max(0, Math.floor((Math.min(max ?? 1e9, state.balance!.available) - min) / step)) * step;
}

/** What so many points come to, rounded down to coins as the server does it; a value has four decimals at most. */
function worth(cost: number, value: string): string {
  const coins = 10 ** boot.shop.decimals;
  return String(Math.floor(cost * +value * coins + 1e-6) / coins);
}

/** The reward as it would be bought now: a sliding one with its amount. */
function priced(reward: Reward): { cost: number; what: string } {
  const cost = reward.sliding ? state.chosen[reward.id] ?? most(reward) : reward.cost_points;
  const amount = reward.sliding ? worth(cost, reward.sliding.point_value) : reward.amount;
  return { cost, what: rewardName({ ...reward, amount, title: reward.sliding ? null : reward.title }) };
}

/** Minus, native range, plus: the points to redeem. */
function Slider({ reward }: { reward: Reward }) {
  const { min_points: min, step_points: step } = reward.sliding!;
  const max = most(reward);
  const { cost, what } = priced(reward);
  const move = (to: number) => set({ chosen: { ...state.chosen, [reward.id]: Math.max(min, Math.min(max, to)) } });
  return <div class="all set">
    <button class="icon t" aria-label={t("less")} onClick={() => move(cost - step)}>−</button>
    <input type="range" min={min} max={max} step={step} value={cost} aria-label={t("name_redeem")}
      aria-valuetext={`${points(cost)}, ${what}`} onInput={(event) => move(+event.currentTarget.value)} />
    <button class="icon t" aria-label={t("greater")} onClick={() => move(cost + step)}>+</button>
  </div>;
}

const REFUSALS: Record<string, string> = { tier_too_low: "error_tier_too_low", reward_limit_reached: "error_reward_limit_reached" };

/** Nothing is bought of a program that rests; its notice says why. */
const open = boot.program.status === "active";

function Offer({ reward }: { reward: Reward }) {
  const { cost, what } = priced(reward);
  const title = reward.sliding ? t("your_amount", { what }) : what;
  const refused = !reward.available && t(REFUSALS[reward.refusal!] ?? "error_reward_unavailable");
  return <Row title={title} text={rewardText(reward, cost)} more={[reward.sliding && reward.available && open && <Slider reward={reward} />, <Note at={reward.id} />]}
    end={open && !refused && <Do at={reward.id} look="sm end" label={t("redeem_what", { what })} run={async () => (await deeds()).redeem(reward, cost, what)}>{t("redeem")}</Do>}>
    {refused && <p>{refused}</p>}
  </Row>;
}

function Further({ reward }: { reward: Reward }) {
  const { available } = state.balance!;
  const what = rewardName(reward);
  const cost = available + reward.short_by;
  return <Row title={what} text={rewardText(reward, cost)}>
    <progress value={available} max={cost} aria-label={what} />
    <p>{rich("more", reward.short_by)}</p>
  </Row>;
}

export function Redeem() {
  const all = state.parts.redeem!;
  // what can be had first, a slider after the plain ones; the merchant's order inside each
  const rank = (reward: Reward) => (reward.available ? 0 : 2) + (reward.sliding ? 1 : 0);
  const further = all.filter((reward) => reward.short_by > 0).sort((a, b) => a.short_by - b.short_by);
  const now = all.filter((reward) => !reward.short_by).sort((a, b) => rank(a) - rank(b));
  return <div>
    <Title>{t("name_redeem")}</Title>
    {!all.length && <p class="m">{t("empty_redeem")}</p>}
    {now.length > 0 && <ul>{now.map((reward) => <Offer reward={reward} />)}</ul>}
    {further.length > 0 && <h3>{t("with_more")}</h3>}
    <ul>{further.map((reward) => <Further reward={reward} />)}</ul>
  </div>;
}
