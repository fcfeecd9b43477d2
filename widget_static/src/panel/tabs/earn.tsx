// Earn points: the rules that hold for this member now, in the merchant's order, each with its button.

import { h } from "../draw";
import type { Balance, EarnRule } from "../../api";
import { ask } from "../ask";
import { page, tell } from "../host";
import { Do, Done, Note, Row, Title } from "../parts";
import { act, choose } from "../session";
import { set, state, toast } from "../state";
import { ruleText, ruleTitle, shopAddress, withFriends } from "../terms";
import { sheet } from "../wishes";
import { date, t } from "../words";

const replace = (rule: EarnRule) =>
  set({ parts: { ...state.parts, earn: state.parts.earn!.map((old) => old.id === rule.id ? rule : old) } });

/** Opening the page is what counts here; the link itself opens it. */
async function visited(rule: EarnRule): Promise<void> {
  const given = await ask<{ balance: Balance; rule: EarnRule }>(`earn/${rule.id}/click`, {});
  set({ balance: given.balance });
  replace(given.rule);
  toast(t("plus", { n: rule.points ?? 0 }));
  tell({ type: "event", name: "earned" });
}

/** What stands at the end of a rule's row: its state, or the way to its action. */
function End({ rule }: { rule: EarnRule }) {
  const { kind, id } = rule;
  const at = "earn:" + id;
  const label = `${t("do_" + kind)}: ${ruleTitle(rule)}`;
  if (rule.state === "done") return <Done />;
  if (rule.state === "waiting") return <span class="m end">{rule.opens_at && t("again_on", { date: date(rule.opens_at) })}</span>;
  if (kind === "birthday") {
    return state.member?.birthday
      ? <span class="m end">{date(state.member.birthday, "UTC")}</span>
      : <Do at={at} look="sm end" label={label} run={() => sheet("birthday")}>{t("do_birthday")}</Do>;
  }
  const url = shopAddress(rule.url) ?? (/order/.test(kind) ? page + "/" : null);
  if (!url || kind === "join" || kind === "visit") return null;
  const click = kind === "social";
  return <a class="btn sm end" href={url} target={click ? "_blank" : "_top"} rel="noopener" aria-label={label}
    onClick={() => { if (click) void act(at, () => visited(rule)); }}>{t("do_" + kind)}</a>;
}

export function Earn() {
  const rules = state.parts.earn!;
  return <div>
    <Title>{t("name_earn")}</Title>
    {!rules.length && <p class="m">{t("empty_earn")}</p>}
    <ul>{withFriends(rules.map((rule) =>
      <Row icon={rule.kind} title={ruleTitle(rule)} text={ruleText(rule)} end={<End rule={rule} />} more={<Note at={"earn:" + rule.id} />} />),
    <Do look="sm end" run={() => choose("referral")}>{t("do_referral")}</Do>)}</ul>
  </div>;
}
