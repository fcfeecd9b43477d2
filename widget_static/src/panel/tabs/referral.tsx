// Referral program: what both get, the member's link and ways to share it, and how the friends stand.

import { h } from "../draw";
import type { QrCode } from "../../api";
import { ask } from "../ask";
import { boot } from "../boot";
import { act } from "../session";
import { Code, Do, Facts, facts, Note, Title } from "../parts";
import { set, state } from "../state";
import { giftText, triggerText } from "../terms";
import { deeds, sheet } from "../wishes";
import { comma, num, own, points, t } from "../words";

/** Where a link can be shared; the text goes along. */
const SHARES: [string, (link: string, text: string) => string][] = [
  ["", (link, text) => `mailto:?subject=${encodeURIComponent(boot.shop.name)}&body=${text}%20${link}`],
  ["WhatsApp", (link, text) => `https://wa.me/?text=${text}%20${link}`],
  ["Facebook", (link) => `https://www.facebook.com/sharer/sharer.php?u=${link}`],
  ["X", (link, text) => `https://x.com/intent/post?text=${text}&url=${link}`],
];

export function Referral() {
  const referral = state.parts.referral;
  if (!referral) return <div><Title>{t("name_referral")}</Title><p class="m">{t("empty_referral")}</p></div>;
  const { offer, link, code } = referral;
  const text = t("share_text", { shop: own(boot.shop.name), what: offer.friend_gets ? giftText(offer.friend_gets) : "" });
  const { qr } = state;
  return <div>
    <Title>{t("name_referral")}</Title>
    <Facts of={[
      [t("friend_gets"), offer.friend_gets && giftText(offer.friend_gets)],
      [t("you_get"), offer.you_get && `${giftText(offer.you_get)}${comma}${triggerText(offer)}`],
    ]} />
    <h3>{t("your_link")}</h3>
    <Code text={link} shown={link.replace(/^https?:\/\//, "")} label={t("copy_link")} />
    <Facts of={[[t("short_code"), code]]} />
    <div class="pair">
      {SHARES.map(([label, url]) =>
        <a class="btn" target="_blank" rel="noopener" href={url(encodeURIComponent(link), encodeURIComponent(text))}>{label || t("share_mail")}</a>)}
      <button class="btn" aria-expanded={!!qr} aria-controls={qr && "qr"}
        onClick={() => act("qr", async () => set({ qr: qr ? undefined : await ask<QrCode>("referral/qr") }))}>{t("qr")}</button>
      {"share" in navigator && <Do at="friend" run={async () => (await deeds()).share(link, text)}>{t("share")}</Do>}
    </div>
    <Note at="qr" />
    {qr && <svg class="qr" id="qr" viewBox={`0 0 ${qr.size} ${qr.size}`} role="img" aria-label={t("qr_label")}><path d={qr.path} /></svg>}
    <h3>{t("your_friends")}</h3>
    <Facts of={[
      [t("joined"), num(referral.joined)],
      [t("pending_friends"), num(referral.pending)],
      [t("completed"), facts(num(referral.completed), referral.earned_points > 0 && points(referral.earned_points))],
    ]} />
    {referral.may_enter_code && <div class="wide"><Do at="friend" look="txt" run={() => sheet("friend_code")}>{t("friend_code")}</Do></div>}
    <Note at="friend" />
  </div>;
}
