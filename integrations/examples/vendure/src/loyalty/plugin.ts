// The loyalty program as a plugin of Vendure.
import { PluginCommonModule, VendurePlugin } from "@vendure/core";

import { gql } from "graphql-tag";

import { Codes, CodesResolver, onePieceFree } from "./codes.js";
import { CompareResolver } from "./compare.js";
import { Orders } from "./orders.js";
import { TokenController } from "./visitors.js";

declare module "@vendure/core" {
  interface CustomOrderFields {
    friendCode: string | null;
  }
  interface CustomPromotionFields {
    loyalty: string | null;
  }
}

@VendurePlugin({
  imports: [PluginCommonModule],
  compatibility: "^3.7.0",
  providers: [Orders, Codes],
  controllers: [TokenController],
  shopApiExtensions: { resolvers: [CodesResolver] },
  adminApiExtensions: {
    schema: gql("extend type Query { loyaltyCompare(orderId: ID!): JSON! }"),
    resolvers: [CompareResolver],
  },
  configuration: (config) => {
    // the storefront sets the code of `?ref=` by setOrderCustomFields
    config.customFields.Order.push({ name: "friendCode", type: "string", length: 64, nullable: true });
    config.customFields.Promotion.push({ name: "loyalty", type: "string", nullable: true, public: false });
    config.promotionOptions.promotionActions.push(onePieceFree);
    return config;
  },
})
export class LoyaltyPlugin {}
