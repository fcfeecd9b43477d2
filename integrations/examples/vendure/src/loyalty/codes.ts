// Codes come in: a code of the loyalty program becomes a promotion of Vendure when a shopper applies it.
import { Injectable } from "@nestjs/common";
import { Args, Mutation, Resolver } from "@nestjs/graphql";
import {
  ActiveOrderService, Allow, CouponCodeInvalidError, Ctx, CustomerService, ID, idsAreEqual, LanguageCode, Order,
  OrderService, Permission, Promotion, PromotionItemAction, PromotionService, ProductVariant, RequestContext,
  Transaction, TransactionalConnection,
} from "@vendure/core";
import { In } from "typeorm";

import { amount, request } from "../../../../clients/javascript/loyalty-widget.mjs";
import { person } from "./orders.js";
import { SHOP } from "./settings.js";

/** One piece of a product is free: its price is spread over the pieces of its line. */
export const onePieceFree = new PromotionItemAction({
  code: "loyalty_one_piece_free",
  args: { product: { type: "ID" } },
  description: [{ languageCode: LanguageCode.en, value: "One piece of a product is free" }],
  execute: (ctx, line, args) =>
    idsAreEqual(line.productVariant.productId, args.product)
      ? -(ctx.channel.pricesIncludeTax ? line.unitPriceWithTax : line.unitPrice) / line.quantity
      : 0,
});

@Injectable()
export class Codes {
  constructor(
    private connection: TransactionalConnection, private customers: CustomerService, private orders: OrderService,
    private promotions: PromotionService,
  ) {}

  /** What the loyalty server says about a code and this cart, in prices as the shopper sees them. */
  async ask(ctx: RequestContext, code: string, orderId: ID) {
    const relations = ["lines", "lines.productVariant", "lines.productVariant.collections"] as const;
    const order = await this.orders.findOne(ctx, orderId, [...relations]);
    const lines = order!.lines.map(({ productVariant, quantity }) => ({
      product_id: String(productVariant.productId), quantity,
      collection_ids: productVariant.collections.map((one) => String(one.id)),
    }));
    const customer = ctx.activeUserId ? await this.customers.findOneByUserId(ctx, ctx.activeUserId) : undefined;
    const cart = {
      code, currency: order!.currencyCode, subtotal: amount(order!.subTotalWithTax), lines,
      customer: customer ? person(customer) : null,
    };
    const { status, body } = await request(...SHOP, "coupons/check", cart).catch(() => ({ status: 503, body: null }));
    return status === 200 && body ? body : { valid: false, reason: "no_response", code: null };
  }

  /** The promotion of a code; ours are those with `loyalty` set. */
  find(ctx: RequestContext, ...codes: string[]): Promise<Promotion[]> {
    return this.connection.getRepository(ctx, Promotion).find({ where: { couponCode: In(codes) } });
  }

  /** Makes the promotion of a valid code, or brings it up to date. Vendure itself lets one order use it. */
  async learn(ctx: RequestContext, said: any) {
    const [known] = await this.find(ctx, said.code);
    const minimum = { amount: coins(said.minimum_subtotal ?? "0"), taxInclusive: true };
    const input = {
      enabled: true, couponCode: said.code, usageLimit: 1, endsAt: said.expires_at && new Date(said.expires_at),
      conditions: said.minimum_subtotal ? [operation("minimum_order_amount", minimum)] : [],
      actions: [await this.action(ctx, said)],
      translations: [{ languageCode: LanguageCode.en, name: `Loyalty ${said.code}` }],
      customFields: { loyalty: said.combines ? "combines" : "alone" },
    };
    if (known) await this.promotions.updatePromotion(ctx, { ...input, id: known.id });
    else await this.promotions.createPromotion(ctx, input);
  }

  private async action(ctx: RequestContext, { discount, collection_ids }: any) {
    if (discount.type === "free_shipping") return operation("free_shipping", {});
    if (discount.type === "free_product") return operation("loyalty_one_piece_free", { product: discount.product_id });
    if (discount.type === "amount") return operation("order_fixed_discount", { discount: coins(discount.amount) });
    const percent = { discount: Number(discount.percent) };
    if (!collection_ids.length) return operation("order_percentage_discount", percent);
    const variants = await this.connection.getRepository(ctx, ProductVariant)
      .find({ select: { id: true }, where: { collections: { id: In(collection_ids) } } });
    const productVariantIds = variants.map((one) => String(one.id));
    return operation("products_percentage_discount", { ...percent, productVariantIds });
  }
}

const coins = (text: string): number => Math.round(Number(text) * 100);
const operation = (code: string, args: Record<string, unknown>) => ({
  code,
  arguments: Object.entries(args).map(([name, value]) => ({
    name, value: typeof value === "string" ? value : JSON.stringify(value),
  })),
});

/** Vendure's own mutation of this name, with a question to the loyalty server before it. */
@Resolver()
export class CodesResolver {
  constructor(private codes: Codes, private active: ActiveOrderService, private orders: OrderService) {}

  @Transaction()
  @Mutation()
  @Allow(Permission.UpdateOrder, Permission.Owner)
  async applyCouponCode(@Ctx() ctx: RequestContext, @Args() { couponCode }: { couponCode: string }) {
    const order: Order = await this.active.getActiveOrder(ctx, undefined, true);
    const said = await this.codes.ask(ctx, couponCode, order.id), code: string = said.code ?? couponCode;
    const others = await this.codes.find(ctx, ...order.couponCodes.filter((one) => one !== code));
    const isAlone = others.some((one) => one.customFields.loyalty === "alone");
    const alone = isAlone || (said.valid && !said.combines && others.length > 0);
    const [known] = await this.codes.find(ctx, code);
    const isOwn = said.reason === "unknown" || (known && !known.customFields.loyalty);
    if (alone || (!said.valid && !isOwn)) return new CouponCodeInvalidError({ couponCode });
    if (said.valid) await this.codes.learn(ctx, said);
    return this.orders.applyCouponCode(ctx, order.id, code);
  }
}
