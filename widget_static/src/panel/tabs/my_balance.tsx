// My balance: available, pending and expiring points; the tier; the history with reasons; own data and leaving.

import type { Balance, HistoryRow, Reason, TierStanding } from "../../api";
import { runAction } from "../actions";
import { ActionButton, ActionError, boldNumber, Facts, joinFacts, ShowMore, Title } from "../components";
import { rewardName } from "../describe";
import { fetchActions, openSheet } from "../lazy_files";
import { h } from "../render";
import { signOut } from "../session";
import { state } from "../state";
import { date, isolate, lastDay, money, num, points, program, signed, t } from "../words";

/** The name of the reward that a row is about. */
const rewardOf = ({ title, coupon }: Reason) =>
  title ? isolate(title) : coupon ? rewardName({ title, ...coupon }) : "";

/** The title of a row: "Order 10482". */
function rowTitle({ reason }: HistoryRow): string {
  const { code, title, order_number: order } = reason;
  if (/social|visit|custom/.test(code) && title) return isolate(title);
  return t(`row_${code}`, { order: isolate(order ?? ""), title: rewardOf(reason), program }) || t("row_custom");
}

const pendingText = (until: string | null) =>
  until ? t("pending_until", { date: date(until) }) : t("pending");

function Movement({ row }: { row: HistoryRow }) {
  const { id, at, reason } = row;
  const isWaiting = row.state === "waiting";
  const text = joinFacts(
    date(at), isWaiting && pendingText(row.due_at), reason.comment && isolate(reason.comment),
  );
  return <li class="row" key={id}><details class="all why">
    <summary onClick={() => runAction(id, fetchActions)}>
      <div><p class="t">{rowTitle(row)}</p><p class="m">{text} · <u>{t("why")}</u></p></div>
      <span class={isWaiting ? "num m" : "num"}>{signed(row.points)}</span>
    </summary>
    <p class="m">{state.actions?.reasonText(row, rewardOf(reason))}</p>
    <ActionError place={id} />
  </details></li>;
}

function Tier({ tier }: { tier: TierStanding }) {
  const { next_missing: missing, next_points: total, ends_at: end } = tier;
  const name = isolate(tier.name);
  const next = tier.next_name && isolate(tier.next_name);
  const factor = tier.multiplier && +tier.multiplier !== 1 && t("multiplied", { factor: num(+tier.multiplier) });
  const text = joinFacts(factor, tier.benefits && isolate(tier.benefits));
  return <div>
    <h3>{t("tier", { tier: name })}</h3>
    {next && missing !== null && <p>{boldNumber("to_next", missing, { tier: next })}</p>}
    {next && total && <progress value={tier.points} max={total} aria-label={next} />}
    <p class="m">{[
      text && t("benefits_now", { text }),
      next && tier.next_benefits && t("benefits_next", { tier: next, text: isolate(tier.next_benefits) }),
      end && t("tier_ends", { tier: name, date: lastDay(end) }),
    ].filter(Boolean).join(" ").replace(/\.(\u2069?)\./g, ".$1")}</p>
  </div>;
}

function Figures({ balance }: { balance: Balance }) {
  const { available, money_value: value, pending, debt, next_expiry: expiry } = balance;
  return <Facts of={[
    [t("available"), joinFacts(points(available), value && money(value))],
    [pendingText(balance.pending_until), pending > 0 ? points(pending) : null],
    [expiry ? t("expire_next", { date: lastDay(expiry.at) }) : "", expiry && points(expiry.points)],
    [t("debt"), debt > 0 ? points(debt) : null],
    [t("earned_total"), points(balance.earned)],
    [t("redeemed_total"), points(balance.redeemed)],
  ]} />;
}

const OwnAccount = () => [
  <h3>{t("your_account")}</h3>,
  state.member?.email && <p class="m">{isolate(state.member.email)}</p>,
  <div class="pair">
    <ActionButton place="account" run={async () => (await fetchActions()).downloadData()}>{t("download")}</ActionButton>
    <ActionButton place="account" run={signOut}>{t("log_out")}</ActionButton>
  </div>,
  <ActionError place="account" />,
  <div class="wide">
    <ActionButton place="account" look="txt" run={() => openSheet("leave")}>{t("leave", { program })}</ActionButton>
  </div>,
];

export default function MyBalance() {
  const balance = state.balance!;
  const { rows, till } = state.tabData.my_balance!;
  return <div>
    <Title>{t("name_my_balance")}</Title>
    <Figures balance={balance} />
    {till && <ActionButton place="more" run={async () => (await fetchActions()).openTill()}>{t("till")}</ActionButton>}
    {state.actions?.Notices()}
    {balance.tier && <Tier tier={balance.tier} />}
    <h3>{t("history")}</h3>
    {rows.length ? <ul>{rows.map((row) => <Movement row={row} />)}</ul> : <p class="m">{t("empty_history")}</p>}
    <ShowMore list="my_balance" />
    <OwnAccount />
  </div>;
}
