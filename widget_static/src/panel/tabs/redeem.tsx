// Redeem points: what can be redeemed now, the sliding reward, then what needs more points.

import type { Reward } from "../../api";
import { boot } from "../boot";
import { ActionButton, ActionError, boldNumber, Row, ShowMore, Title } from "../components";
import { rewardName, rewardText } from "../describe";
import { fetchActions } from "../lazy_files";
import { h } from "../render";
import { set, state } from "../state";
import { addStyles } from "../styles";
import slider from "../styles/slider.css";
import { points, t } from "../words";

addStyles(slider);

/** The most points that a sliding reward can take now. */
function maximum({ sliding }: Reward): number {
  const { min_points: min, step_points: step, max_points: max } = sliding!;
  return min + Math.max(0, Math.floor((Math.min(max ?? 1e9, state.balance!.available) - min) / step)) * step;
}

/** The value of points, rounded down to coins as on the server; a point's value has four decimals at most. */
function valueOf(cost: number, pointValue: string): string {
  const coins = 10 ** boot.shop.decimals;
  return String(Math.floor(cost * +pointValue * coins + 1e-6) / coins);
}

/** The cost and the name of a reward if it is redeemed now: a sliding one with its chosen amount. */
function priced(reward: Reward): { cost: number; what: string } {
  const { sliding } = reward;
  if (!sliding) return { cost: reward.cost_points, what: rewardName(reward) };
  const cost = state.chosen[reward.id] ?? maximum(reward);
  return { cost, what: rewardName({ ...reward, amount: valueOf(cost, sliding.point_value), title: null }) };
}

/** Chooses the points to redeem: a minus button, a native range input, a plus button. */
function Slider({ reward }: { reward: Reward }) {
  const { min_points: min, step_points: step } = reward.sliding!;
  const max = maximum(reward);
  const { cost, what } = priced(reward);
  const choose = (n: number) =>
    set({ chosen: { ...state.chosen, [reward.id]: Math.max(min, Math.min(max, n)) } });
  return <div class="all set">
    <button class="icon t" aria-label={t("less")} onClick={() => choose(cost - step)}>−</button>
    <input type="range" min={min} max={max} step={step} value={cost} aria-label={t("name_redeem")}
      aria-valuetext={`${points(cost)}, ${what}`} onInput={(event) => choose(+event.currentTarget.value)} />
    <button class="icon t" aria-label={t("greater")} onClick={() => choose(cost + step)}>+</button>
  </div>;
}

function refusalText({ refusal }: Reward): string {
  if (refusal === "tier_too_low") return t("error_tier_too_low");
  return refusal === "reward_limit_reached" ? t("error_reward_limit_reached") : t("error_reward_unavailable");
}

/** Nothing can be redeemed in a paused program; the notice above explains it. */
const isActive = boot.program.status === "active";

function Offer({ reward }: { reward: Reward }) {
  const { id, available, sliding } = reward;
  const { cost, what } = priced(reward);
  const title = sliding ? t("your_amount", { what }) : what;
  const button = isActive && available && <ActionButton place={id} look="sm end" label={t("redeem_what", { what })}
    run={async () => (await fetchActions()).openConfirm(reward, cost, what)}>{t("redeem")}</ActionButton>;
  return <Row id={id} title={title} text={rewardText(reward, cost)} end={button}
    more={[sliding && available && isActive && <Slider reward={reward} />, <ActionError place={id} />]}>
    {!available && <p>{refusalText(reward)}</p>}
  </Row>;
}

/** A reward that needs more points. */
function DistantOffer({ reward }: { reward: Reward }) {
  const { available } = state.balance!;
  const what = rewardName(reward);
  const cost = available + reward.short_by;
  return <Row id={reward.id} title={what} text={rewardText(reward, cost)}>
    <progress value={available} max={cost} aria-label={what} />
    <p>{boldNumber("more", reward.short_by)}</p>
  </Row>;
}

export default function Redeem() {
  const all = state.tabData.redeem!;
  // first what can be redeemed, sliding rewards after the others; the server's order within each group
  const rank = (reward: Reward) => (reward.available ? 0 : 2) + (reward.sliding ? 1 : 0);
  const distant = all.filter((reward) => reward.short_by > 0);
  const now = all.filter((reward) => !reward.short_by).sort((a, b) => rank(a) - rank(b));
  return <div>
    <Title>{t("name_redeem")}</Title>
    {!all.length && <p class="m">{t("empty_redeem")}</p>}
    {now.length > 0 && <ul>{now.map((reward) => <Offer reward={reward} />)}</ul>}
    {distant.length > 0 && <h3>{t("with_more")}</h3>}
    <ul>{distant.map((reward) => <DistantOffer reward={reward} />)}</ul>
    <ShowMore list="redeem" />
  </div>;
}
