// Notices in My balance: an address to confirm, and orders that gave no points.

import type { OrderWithoutPoints } from "../api";
import { ActionButton, ActionError, joinFacts, Row } from "./components";
import { h } from "./render";
import { startVerification } from "./sheets/verify_email";
import { state } from "./state";
import { date, isolate, t } from "./words";

const VerifyCard = ({ email }: { email: string }) => <div class="card">
  <p class="m">{t("verify_email", { email: isolate(email) })}</p>
  <div class="wide"><ActionButton place="verify" run={startVerification}>{t("send_code")}</ActionButton></div>
  <ActionError place="verify" />
</div>;

const OrderRow = ({ order }: { order: OrderWithoutPoints }) => <Row
  title={t("row_order", { order: isolate(order.number) })}
  text={joinFacts(date(order.placed_at), t(`nothing_${order.reason}`))} />;

export function Notices() {
  const member = state.member!;
  const orders = state.tabData.my_balance!.orders_without_points;
  return [
    member.can_verify_email && <VerifyCard email={member.email!} />,
    orders.length > 0 && [
      <h3>{t("orders_without_points")}</h3>,
      <ul>{orders.map((order) => <OrderRow order={order} />)}</ul>,
    ],
  ];
}
