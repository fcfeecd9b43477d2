// Referral program: what both sides get, the member's link and ways to share it, and the friends by status.

import type { QrCode, Referral as ReferralData } from "../../api";
import { runAction } from "../actions";
import { boot } from "../boot";
import { ActionButton, ActionError, Code, Facts, joinFacts, Title } from "../components";
import { giftText, triggerText } from "../describe";
import { request } from "../http";
import { fetchActions, openSheet } from "../lazy_files";
import { h } from "../render";
import { set, state } from "../state";
import { comma, isolate, num, points, t } from "../words";

/** Services where a link can be shared with a text. Both arguments are URL-encoded. */
const SHARE_LINKS: [string, (link: string, text: string) => string][] = [
  ["", (link, text) => `mailto:?subject=${encodeURIComponent(boot.shop.name)}&body=${text}%20${link}`],
  ["WhatsApp", (link, text) => `https://wa.me/?text=${text}%20${link}`],
  ["Facebook", (link) => `https://www.facebook.com/sharer/sharer.php?u=${link}`],
  ["X", (link, text) => `https://x.com/intent/post?text=${text}&url=${link}`],
];

const toggleQr = () =>
  runAction("qr", async () => {
    await fetchActions();
    set({ qr: state.qr ? undefined : await request<QrCode>("referral/qr") });
  });

function ShareButtons({ link, text }: { link: string; text: string }) {
  const { qr } = state;
  return [
    <div class="pair">
      {SHARE_LINKS.map(([label, address]) => <a class="btn" target="_blank" rel="noopener"
        href={address(encodeURIComponent(link), encodeURIComponent(text))}>{label || t("share_mail")}</a>)}
      <button class="btn" aria-expanded={!!qr} aria-controls={qr && "qr"} onClick={toggleQr}>{t("qr")}</button>
      {"share" in navigator &&
        <ActionButton place="friend" run={async () => (await fetchActions()).shareLink(link, text)}>
          {t("share")}
        </ActionButton>}
    </div>,
    <ActionError place="qr" />,
    qr && state.actions!.Qr({ of: qr, label: t("qr_label") }),
  ];
}

function Program({ referral }: { referral: ReferralData }) {
  const { offer, link, code, earned_points: earned, uncounted } = referral;
  const gift = offer.friend_gets ? giftText(offer.friend_gets) : "";
  return [
    <Facts of={[
      [t("friend_gets"), gift || null],
      [t("you_get"), offer.you_get && `${giftText(offer.you_get)}${comma}${triggerText(offer)}`],
    ]} />,
    <h3>{t("your_link")}</h3>,
    <Code text={link} shown={link.replace(/^https?:\/\//, "")} label={t("copy_link")} />,
    <Facts of={[[t("short_code"), code]]} />,
    <ShareButtons link={link} text={t("share_text", { shop: isolate(boot.shop.name), what: gift })} />,
    <h3>{t("your_friends")}</h3>,
    <Facts of={[
      [t("joined"), num(referral.joined)],
      [t("pending_friends"), num(referral.pending)],
      [t("completed"), joinFacts(num(referral.completed), earned > 0 && points(earned))],
    ]} />,
    referral.may_enter_code && <div class="wide">
      <ActionButton place="friend" look="txt" run={() => openSheet("friend_code")}>{t("friend_code")}</ActionButton>
    </div>,
    uncounted && (uncounted.replied ? <p class="m">{t("uncounted_sent")}</p> : <div class="wide">
      <ActionButton place="friend" look="txt" run={() => openSheet("reply")}>{t("uncounted")}</ActionButton>
    </div>),
    <ActionError place="friend" />,
  ];
}

export default function Referral() {
  const { referral } = state.tabData;
  return <div>
    <Title>{t("name_referral")}</Title>
    {referral ? <Program referral={referral} /> : <p class="m">{t("empty_referral")}</p>}
  </div>;
}
