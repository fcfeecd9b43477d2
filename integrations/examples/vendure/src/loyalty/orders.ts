// Orders go out: each change becomes a job in the transaction that makes it, repeated until the loyalty server has it.
import { Injectable, OnModuleInit } from "@nestjs/common";
import {
  Customer, EventBus, ID, JobQueue, JobQueueService, Logger, Order, OrderLine, OrderService, OrderStateTransitionEvent,
  Refund, RefundStateTransitionEvent, RequestContextService,
} from "@vendure/core";

import { orderBody, Person, request } from "../../../../clients/javascript/loyalty-widget.mjs";
import { QUEUE, SHOP } from "./settings.js";

const STATUS: Record<string, string> = {
  PaymentAuthorized: "placed", PaymentSettled: "paid", Modifying: "paid", ArrangingAdditionalPayment: "paid",
  PartiallyShipped: "paid", Shipped: "fulfilled", PartiallyDelivered: "fulfilled", Delivered: "fulfilled",
  Cancelled: "cancelled",
};
const RELATIONS = [
  "customer", "customer.user", "lines", "lines.productVariant", "lines.productVariant.collections", "shippingLines",
  "payments", "payments.refunds", "payments.refunds.lines", "surcharges",
] as const;

/** A customer as the loyalty server knows them; one without a user is a guest. */
export function person(customer: Customer): Person {
  const name = `${customer.firstName} ${customer.lastName}`.trim();
  const id = customer.user ? String(customer.id) : null;
  return { id, email: customer.emailAddress, email_verified: !!customer.user?.verified, name };
}

/** The whole order. All amounts are whole coins and contain tax, as `tax_included` says. */
function bodyOf(order: Order, revision: number): Record<string, unknown> {
  const refunds = order.payments.flatMap((one) => one.refunds).filter((one) => one.state === "Settled");
  return orderBody({
    id: order.code, number: order.code, status: STATUS[order.state], currency: order.currencyCode,
    placed_at: order.orderPlacedAt!.toISOString(), revision, tax_included: true,
    customer: order.customer ? person(order.customer) : null, lines: order.lines.map(lineOf),
    shipping: order.shippingWithTax, shipping_tax: order.shippingWithTax - order.shipping,
    coupon_codes: order.couponCodes, landing_referral: order.customFields.friendCode ?? null,
    refunds: refunds.map((one) => refundOf(one, order)), refunds_complete: true,
  });
}

function lineOf(line: OrderLine) {
  // a piece that was cancelled stays in the line until its refund, so that nothing is taken back twice
  const quantity = line.orderPlacedQuantity || line.quantity, all = quantity === line.quantity;
  const before = all ? line.linePriceWithTax : line.unitPriceWithTax * quantity;
  const after = all ? line.proratedLinePriceWithTax : line.proratedUnitPriceWithTax * quantity;
  const net = all ? line.proratedLinePrice : line.proratedUnitPrice * quantity;
  return {
    id: String(line.id), product_id: String(line.productVariant.productId), name: line.productVariant.name, quantity,
    collection_ids: line.productVariant.collections.map((one) => String(one.id)),
    subtotal: before, discount: before - after, tax: after - net,
  };
}

function refundOf(refund: Refund, order: Order) {
  const lines = (refund.lines ?? []).map(({ orderLineId, quantity }) => {
    const line = order.lines.find((one) => one.id === orderLineId)!;
    return { line_id: String(orderLineId), quantity, amount: line.proratedUnitPriceWithTax * quantity };
  });
  return { id: String(refund.id), amount: refund.total, lines, created_at: refund.createdAt.toISOString() };
}

@Injectable()
export class Orders implements OnModuleInit {
  private queue: JobQueue<{ orderId: ID }>;

  constructor(
    private events: EventBus, private jobs: JobQueueService, private orders: OrderService,
    private contexts: RequestContextService,
  ) {}

  async onModuleInit() {
    this.queue = await this.jobs.createQueue({ name: QUEUE, process: (job) => this.send(job.data.orderId) });
    this.events.registerBlockingEventHandler<OrderStateTransitionEvent | RefundStateTransitionEvent>({
      id: QUEUE,
      event: [OrderStateTransitionEvent, RefundStateTransitionEvent],
      handler: async ({ ctx, order }) => void (await this.queue.add({ orderId: order.id }, { ctx, retries: 1000 })),
    });
  }

  /** The body of an order as it is now, or undefined while it is a cart. */
  async read(orderId: ID): Promise<Record<string, unknown> | undefined> {
    const revision = Date.now(); // before the order is read: who reads an older state has a lower revision
    const ctx = await this.contexts.create({ apiType: "admin" });
    const order = await this.orders.findOne(ctx, orderId, [...RELATIONS]);
    return order?.orderPlacedAt && STATUS[order.state] ? bodyOf(order, revision) : undefined;
  }

  /** Sends an order. An error makes the queue try again; what does not get better by repeating is only logged. */
  async send(orderId: ID) {
    const sent = await this.read(orderId);
    if (!sent) return;
    const { status, body } = await request(...SHOP, "order", sent);
    if (status >= 500 || status === 429 || status === 408) throw new Error(`the loyalty server returned ${status}`);
    const text = `order ${sent.id}: ${status} ${JSON.stringify(body)}`;
    if (status === 200 && body?.status !== "parked") Logger.info(text, QUEUE);
    else Logger.error(text, QUEUE);
  }
}
