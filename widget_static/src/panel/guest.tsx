// The guest's page: the friend's offer, ways to earn, ways to redeem. No balance, no code, no link.

import type { Gift, Reward } from "../api";
import { runAction } from "./actions";
import { boot } from "./boot";
import { ActionButton, ActionError, Row, ShowMore, Title } from "./components";
import { giftText, rewardName, rewardText, ruleText, ruleTitle, withReferralRow } from "./describe";
import { postToPage } from "./host";
import { fetchActions } from "./lazy_files";
import { h } from "./render";
import { joinAgain } from "./sign_in";
import { navigate, state, type View } from "./state";
import { money, points, t } from "./words";

/** Opens the panel's own form, or the shop's page where the shop manages the accounts. */
function openSignIn(view: View): void {
  const { sign_in, sign_in_url, sign_up_url } = boot.shop;
  const url = view === "sign_up" ? sign_up_url : sign_in_url;
  if (sign_in === "shop" && url) postToPage({ type: "leave", url, tab: state.tab });
  else void runAction("view", async () => {
    await fetchActions();
    navigate({ view });
  });
}

const FriendOffer = ({ gift }: { gift: Gift }) => [
  <Title>{t("friend_offer")}</Title>,
  <p class="t">{giftText(gift)}</p>,
  <p class="m">{t("friend_offer_more")}</p>,
];

function RewardRow({ reward }: { reward: Reward }) {
  const button = boot.program.status === "active" &&
    <ActionButton look="sm end" label={`${t("log_in_to_redeem")}: ${rewardName(reward)}`} run={() => {
      state.tab = "redeem";
      openSignIn("log_in");
    }}>{t("log_in_to_redeem")}</ActionButton>;
  const cost = reward.sliding?.min_points ?? reward.cost_points;
  return <Row title={rewardName(reward)} text={rewardText(reward, cost)} end={button} />;
}

export function Guest() {
  const { earn, rewards, referral, worth } = boot.guest;
  const gift = state.ref && referral?.friend_gets;
  return <section>
    {gift && <FriendOffer gift={gift} />}
    <Title>{t("ways_to_earn")}</Title>
    <ul>{withReferralRow(earn.map((rule) =>
      <Row icon={rule.kind} title={ruleTitle(rule)} text={ruleText(rule)} />))}</ul>
    <ShowMore list="guest/earn" />
    <div id="redeem">
      {rewards.length > 0 && <Title>{t("ways_to_redeem")}</Title>}
      {worth && <p class="m">{t("worth", { points: points(worth.points), money: money(worth.money) })}</p>}
      <ul>{rewards.map((reward) => <RewardRow reward={reward} />)}</ul>
      <ShowMore list="guest/rewards" />
    </div>
  </section>;
}

/** Log in and sign up; joining again for somebody who left the program and has an identity token of the shop. */
export const GuestBar = () => <footer class="bar pair foot">
  {state.left ? <ActionButton look="go" run={joinAgain}>{t("join_again")}</ActionButton> : [
    <ActionButton run={() => openSignIn("log_in")}>{t("log_in")}</ActionButton>,
    <ActionButton look="go" run={() => openSignIn("sign_up")}>{t("sign_up")}</ActionButton>,
  ]}
  <ActionError place="view" />
</footer>;
