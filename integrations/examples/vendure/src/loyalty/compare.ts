// For staff: one order as the shop has it, as it would be booked, and as the loyalty server has it.
import { Args, Query, Resolver } from "@nestjs/graphql";
import { Allow, ID, Permission } from "@vendure/core";

import { request } from "../../../../clients/javascript/loyalty-widget.mjs";
import { Orders } from "./orders.js";
import { SHOP } from "./settings.js";

@Resolver()
export class CompareResolver {
  constructor(private orders: Orders) {}

  @Query()
  @Allow(Permission.ReadOrder)
  async loyaltyCompare(@Args() { orderId }: { orderId: ID }) {
    const sent = await this.orders.read(orderId);
    if (!sent) throw new Error("orderId: no placed order has this id");
    const would = await request(...SHOP, "order?dry_run=1", sent);
    const held = await request(...SHOP, `orders/${sent.id}`);
    return { sent, would: would.body, held: held.body };
  }
}
