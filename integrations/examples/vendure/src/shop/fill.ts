// Fills an empty shop: Germany with 19 % inside the prices, a parcel, a payment, two products, 10 % off mugs.
import { INestApplicationContext } from "@nestjs/common";
import {
  ChannelService, CurrencyCode, FacetValueService, LanguageCode, PromotionService, RequestContextService,
  TransactionalConnection, User,
} from "@vendure/core";
import { importProductsFromCsv, populateCollections, populateInitialData } from "@vendure/core/cli/index.js";

const operation = (code: string, args: Record<string, string>) => ({
  code, arguments: Object.entries(args).map(([name, value]) => ({ name, value })),
});
const mugs = { code: "facet-value-filter" as const, args: { facetValueNames: ["Mugs"], containsAny: false } };
const DATA = {
  defaultLanguage: LanguageCode.en,
  defaultZone: "Europe",
  countries: [{ name: "Germany", code: "DE", zone: "Europe" }],
  taxRates: [{ name: "Standard", percentage: 19 }],
  shippingMethods: [{ name: "Parcel", price: 490, taxRate: 19 }],
  paymentMethods: [{ name: "Card", handler: operation("dummy-payment-handler", { automaticSettle: "true" }) }],
  collections: [{ name: "Mugs", filters: [mugs] }],
};

export async function fill(app: INestApplicationContext): Promise<void> {
  await populateInitialData(app, DATA);
  const user = await app.get(TransactionalConnection).rawConnection.getRepository(User)
    .findOneOrFail({ where: { identifier: "staff" }, relations: ["roles", "roles.channels"] });
  const ctx = await app.get(RequestContextService).create({ apiType: "admin", user });
  await app.get(ChannelService).update(ctx, {
    id: ctx.channelId, pricesIncludeTax: true, defaultCurrencyCode: CurrencyCode.EUR,
    availableCurrencyCodes: [CurrencyCode.EUR],
  });
  await importProductsFromCsv(app, new URL("../../products.csv", import.meta.url).pathname, LanguageCode.en);
  await populateCollections(app, DATA);
  const values = await app.get(FacetValueService).findAll(ctx, LanguageCode.en);
  const facets = JSON.stringify(values.filter((one) => one.name === "Mugs").map((one) => one.id));
  await app.get(PromotionService).createPromotion(ctx, {
    enabled: true,
    conditions: [operation("minimum_order_amount", { amount: "0", taxInclusive: "true" })],
    actions: [operation("facet_based_discount", { discount: "10", facets })],
    translations: [{ languageCode: LanguageCode.en, name: "Mugs reduced" }],
  });
}
