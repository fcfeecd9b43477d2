// The guest's page: the friend's offer, ways to earn, ways to redeem. No balance, no code, no link.

import { h } from "./draw";
import { boot } from "./boot";
import { tell } from "./host";
import { Do, Note, Row, Title } from "./parts";
import { act, rejoin } from "./session";
import { go, state, type View } from "./state";
import { giftText, rewardName, rewardText, ruleText, ruleTitle, withFriends } from "./terms";
import { deeds } from "./wishes";
import { money, points, t } from "./words";

/** To the panel's own form, or to the shop's page where the shop keeps the accounts. */
export function signIn(view: View): void {
  const { sign_in, sign_in_url, sign_up_url } = boot.shop;
  const url = view === "sign_up" ? sign_up_url : sign_in_url;
  if (sign_in === "shop" && url) tell({ type: "leave", url, tab: state.tab });
  else void act("view", async () => {
    await deeds();
    go({ view });
  });
}

export function Guest() {
  const { earn, rewards, referral, worth } = boot.guest;
  const gift = state.ref && referral?.friend_gets;
  return <section>
    {gift && [<Title>{t("friend_offer")}</Title>, <p class="t">{giftText(gift)}</p>, <p class="m">{t("friend_offer_more")}</p>]}
    <Title>{t("ways_to_earn")}</Title>
    <ul>{withFriends(earn.map((rule) => <Row icon={rule.kind} title={ruleTitle(rule)} text={ruleText(rule)} />))}</ul>
    <div id="redeem">
      {rewards.length > 0 && <Title>{t("ways_to_redeem")}</Title>}
      {worth && <p class="m">{t("worth", { points: points(worth.points), money: money(worth.money) })}</p>}
      <ul>{rewards.map((reward) => <Row title={rewardName(reward)} text={rewardText(reward, reward.sliding?.min_points ?? reward.cost_points)}
        end={boot.program.status === "active" && <Do look="sm end" label={`${t("log_in_to_redeem")}: ${rewardName(reward)}`}
          run={() => { state.tab = "redeem"; signIn("log_in"); }}>{t("log_in_to_redeem")}</Do>} />)}</ul>
    </div>
  </section>;
}

/** Log in and sign up; somebody who left the program and is vouched for by the shop joins again. */
export const GuestBar = () => <footer class="bar pair foot">
  {state.left ? <Do look="go" run={rejoin}>{t("join_again")}</Do> : [
    <Do run={() => signIn("log_in")}>{t("log_in")}</Do>,
    <Do look="go" run={() => signIn("sign_up")}>{t("sign_up")}</Do>,
  ]}
  <Note at="view" />
</footer>;
