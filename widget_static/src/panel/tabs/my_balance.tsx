// My balance: what there is, what waits, what ends; the tier; every movement with its sum; own data and leaving.

import { h } from "../draw";
import type { History, HistoryRow, Reason, TierStanding } from "../../api";
import { ask } from "../ask";
import { Do, Facts, facts, Note, Title, rich } from "../parts";
import { act, signOut } from "../session";
import { set, state } from "../state";
import { rewardName } from "../terms";
import { deeds, sheet } from "../wishes";
import { date, lastDay, money, num, own, points, program, signed, t } from "../words";

/** What was bought, for rows about a reward. */
const bought = ({ title, coupon }: Reason) => title ? own(title) : coupon ? rewardName({ title, ...coupon }) : "";

/** The row in words: "Order 10482". */
function title({ reason }: HistoryRow): string {
  const values = { order: own(reason.order_number ?? ""), title: bought(reason), program };
  return /social|visit|custom/.test(reason.code) && reason.title ? own(reason.title) : t("row_" + reason.code, values);
}

const Movement = ({ row }: { row: HistoryRow }) => {
  const waiting = row.state === "waiting";
  return <li class="row" key={row.id}><details class="all why">
    <summary onClick={() => act(row.id, deeds)}>
      <div>
        <p class="t">{title(row)}</p>
        <p class="m">{facts(date(row.at), waiting && (row.due_at ? t("pending_until", { date: date(row.due_at) }) : t("pending")), row.reason.comment && own(row.reason.comment))} · <u>{t("why")}</u></p>
      </div>
      <span class={waiting ? "num m" : "num"}>{signed(row.points)}</span>
    </summary>
    <p class="m">{state.deeds?.why(row, bought(row.reason))}</p>
    <Note at={row.id} />
  </details></li>;
};

function Tier({ tier }: { tier: TierStanding }) {
  const { next_missing: missing, ends_at: end } = tier;
  const name = own(tier.name);
  const next = tier.next_name && own(tier.next_name);
  const factor = tier.multiplier && +tier.multiplier !== 1 && t("multiplied", { factor: num(+tier.multiplier) });
  return <div>
    <h3>{t("tier", { tier: name })}</h3>
    {next && missing !== null && <p>{rich("to_next", missing, { tier: next })}</p>}
    {next && tier.next_points && <progress value={tier.points} max={tier.next_points} aria-label={next} />}
    <p class="m">{[
      (factor || tier.benefits) && t("benefits_now", { text: facts(factor, tier.benefits && own(tier.benefits)) }),
      next && tier.next_benefits && t("benefits_next", { tier: next, text: own(tier.next_benefits) }),
      end && t("tier_ends", { tier: name, date: lastDay(end) }),
    ].filter(Boolean).join(" ").replace(/\.(\u2069?)\./g, ".$1")}</p>
  </div>;
}

async function further(cursor: string): Promise<void> {
  const page = await ask<History>("my-balance/history?cursor=" + encodeURIComponent(cursor));
  set({ parts: { ...state.parts, my_balance: { ...page, rows: [...state.parts.my_balance!.rows, ...page.rows] } } });
}

export function MyBalance() {
  const balance = state.balance!;
  const { rows, next_cursor: cursor } = state.parts.my_balance!;
  const { pending_until: until, next_expiry: expiry } = balance;
  return <div>
    <Title>{t("name_my_balance")}</Title>
    <Facts of={[
      [t("available"), facts(points(balance.available), balance.money_value && money(balance.money_value))],
      [until ? t("pending_until", { date: date(until) }) : t("pending"), balance.pending > 0 ? points(balance.pending) : null],
      [expiry ? t("expire_next", { date: lastDay(expiry.at) }) : "", expiry && points(expiry.points)],
      [t("debt"), balance.debt > 0 ? points(balance.debt) : null],
      [t("earned_total"), points(balance.earned)],
      [t("redeemed_total"), points(balance.redeemed)],
    ]} />
    {state.deeds?.notices()}
    {balance.tier && <Tier tier={balance.tier} />}
    <h3>{t("history")}</h3>
    {rows.length ? <ul>{rows.map((row) => <Movement row={row} />)}</ul> : <p class="m">{t("empty_history")}</p>}
    {cursor && <div class="wide"><Do at="more" run={() => further(cursor)}>{t("show_more")}</Do></div>}
    <h3>{t("your_account")}</h3>
    {state.member?.email && <p class="m">{own(state.member.email)}</p>}
    <div class="pair"><Do at="account" run={async () => (await deeds()).download()}>{t("download")}</Do><Do at="account" run={signOut}>{t("log_out")}</Do></div>
    <Note at="account" />
    <div class="wide"><Do at="account" look="txt" run={() => sheet("leave")}>{t("leave", { program })}</Do></div>
  </div>;
}
