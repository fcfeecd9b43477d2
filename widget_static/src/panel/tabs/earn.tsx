// Earn points: the rules that are valid for this member now, in the merchant's order, each with its button.

import type { Balance, EarnRule } from "../../api";
import { runAction } from "../actions";
import { ActionButton, ActionError, DoneMark, Row, ShowMore, Title } from "../components";
import { ruleText, ruleTitle, safeAddress, withReferralRow } from "../describe";
import { pageOrigin, postToPage } from "../host";
import { request } from "../http";
import { openSheet } from "../lazy_files";
import { h } from "../render";
import { set, showToast, state } from "../state";
import type { TabProps } from "../tabs";
import { date, t } from "../words";

/** Reports the click; the link itself opens the page. */
async function countClick({ id, points }: EarnRule): Promise<void> {
  const { balance, rule } = await request<{ balance: Balance; rule: EarnRule }>(`earn/${id}/click`, {});
  const earn = state.tabData.earn!.map((old) => old.id === rule.id ? rule : old);
  set({ balance, tabData: { ...state.tabData, earn } });
  showToast(t("plus", { n: points ?? 0 }));
  postToPage({ type: "event", name: "earned" });
}

function Birthday({ place, label }: { place: string; label: string }) {
  const birthday = state.member?.birthday;
  return birthday
    ? <span class="m end">{date(birthday, "UTC")}</span>
    : <ActionButton place={place} look="sm end" label={label} run={() => openSheet("birthday")}>
      {t("do_birthday")}
    </ActionButton>;
}

/** The end of a rule's row: its state, or the button or link of its action. */
function RowEnd({ rule }: { rule: EarnRule }) {
  const { kind, id, opens_at: opens } = rule;
  const place = "earn:" + id;
  const action = t(`do_${kind}`) || t("do_custom");
  const label = `${action}: ${ruleTitle(rule)}`;
  if (rule.state === "done") return <DoneMark />;
  if (rule.state === "waiting") return <span class="m end">{opens && t("again_on", { date: date(opens) })}</span>;
  if (kind === "birthday") return <Birthday place={place} label={label} />;
  const url = safeAddress(rule.url) ?? (/order/.test(kind) ? pageOrigin + "/" : null);
  if (!url || kind === "join" || kind === "visit") return null;
  const isCounted = kind === "social";
  return <a class="btn sm end" href={url} target={isCounted ? "_blank" : "_top"} rel="noopener" aria-label={label}
    onClick={() => { if (isCounted) void runAction(place, () => countClick(rule)); }}>{action}</a>;
}

export function Earn({ openTab }: TabProps) {
  const rules = state.tabData.earn!;
  const rows = rules.map((rule) => <Row icon={rule.kind} title={ruleTitle(rule)} text={ruleText(rule)}
    end={<RowEnd rule={rule} />} more={<ActionError place={"earn:" + rule.id} />} />);
  return <div>
    <Title>{t("name_earn")}</Title>
    {!rules.length && <p class="m">{t("empty_earn")}</p>}
    <ul>{withReferralRow(rows,
      <ActionButton look="sm end" run={() => openTab("referral")}>{t("do_referral")}</ActionButton>)}</ul>
    <ShowMore list="earn" />
  </div>;
}
