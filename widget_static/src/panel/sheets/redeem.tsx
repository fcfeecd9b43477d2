// Redeeming: the sheet that requests confirmation, and the one that shows the coupon.

import type { Redemption, Reward } from "../../api";
import { ActionButton, ActionError, Code, Facts } from "../components";
import { shownTabData } from "../coupon_changes";
import { joinNames, minimumText, rewardName } from "../describe";
import { postToPage } from "../host";
import { request, requestKey } from "../http";
import { fetchFile } from "../lazy_files";
import { loadTab } from "../loading";
import { h } from "../render";
import { set, state } from "../state";
import type { ConfirmSheet as Confirm, DoneSheet as Done } from "../state";
import { date, duration, lastDay, money, points, t } from "../words";
import { CancelButton, closeSheet, Sheet } from "./sheet";

const DAY_MS = 864e5;

const bodyFor = (reward: Reward, cost: number) =>
  ({ reward_id: reward.id, ...(reward.sliding ? { points: cost } : {}) });

/** The tab that lists coupons; it can describe a coupon's status. */
let myRewards: typeof import("../tabs/my_rewards");

/**
 * Opens the sheet; the request key is created with it, so that pressing twice redeems once.
 * Throws when the tab of coupons cannot be fetched.
 */
export async function openConfirm(reward: Reward, cost: number, what: string): Promise<void> {
  myRewards = await fetchFile<typeof myRewards>("my_rewards");
  confirm(reward, cost, what);
}

function confirm(reward: Reward, cost: number, what: string): void {
  const request = requestKey("redeem" + JSON.stringify(bodyFor(reward, cost)));
  set({ sheet: { kind: "confirm", reward, cost, what, request } });
}

async function redeem({ reward, cost, what, request: key }: Confirm): Promise<void> {
  try {
    const { coupon, balance } = await request<Redemption>("redeem", bodyFor(reward, cost), key);
    set({ balance, sheet: { kind: "done", coupon }, tabData: shownTabData(), chosen: {} });
  } catch (error) {
    // after a refusal a new key is needed, after a lost response the key is reused
    if (state.sheet) confirm(reward, cost, what);
    throw error;
  }
  postToPage({ type: "event", name: "redeemed" });
  void loadTab();
}

function expiryText({ expires_after_days: days }: Reward): string {
  if (days === null) return t("never");
  return t("days_later", { days: duration(days, "day"), date: date(Date.now() + days * DAY_MS) });
}

export function ConfirmSheet(sheet: Confirm) {
  const { reward, cost, what } = sheet;
  const { collections, combines, minimum_subtotal: subtotal } = reward;
  return <Sheet title={t("confirm", { what })}>
    <Facts of={[
      [t("cost"), points(cost)],
      [t("left_after"), points(state.balance!.available - cost)],
      [t("minimum"), minimumText(subtotal) ? money(subtotal!) : t("none")],
      [t("applies_to"), joinNames(collections) || null],
      [t("combines"), combines ? t("yes") : t("no")],
      [t("code_expires"), expiryText(reward)],
    ]} />
    <ActionError place="redeem" />
    <div class="wide">
      <ActionButton place="redeem" look="go" run={() => redeem(sheet)}>{t("redeem_points", { n: cost })}</ActionButton>
      <CancelButton />
    </div>
  </Sheet>;
}

export function DoneSheet({ coupon }: Done) {
  const { statusText, UseCoupon } = myRewards;
  const { code, status, expires_at: end } = coupon;
  const what = rewardName(coupon);
  const ready = status === "active" && code;
  const expiry = end && t("expires", { date: lastDay(end) }) + ". ";
  return <Sheet title={ready ? t("yours", { what }) : what}>
    <p class="m">{ready ? [expiry, t("kept_there")] : statusText(coupon)}</p>
    <div class="wide">
      {ready && [<Code text={ready} label={t("copy_code", { code: ready })} />, <UseCoupon coupon={coupon} />]}
      <ActionButton look="txt" run={closeSheet}>{ready ? t("later") : t("close")}</ActionButton>
    </div>
  </Sheet>;
}
