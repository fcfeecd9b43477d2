// Fills an empty shop: Germany with 19 % inside the prices, a parcel, a payment, two products, 10 % off mugs.
import { INestApplicationContext } from "@nestjs/common";
import {
  ChannelService, CurrencyCode, FacetValueService, LanguageCode, PromotionService, RequestContextService,
  TransactionalConnection, User,
} from "@vendure/core";
import { importProductsFromCsv, populateCollections, populateInitialData } from "@vendure/core/cli/index.js";

const mugs = { code: "facet-value-filter" as const, args: { facetValueNames: ["Mugs"], containsAny: false } };
const DATA = {
  defaultLanguage: LanguageCode.en,
  defaultZone: "Europe",
  countries: [{ name: "Germany", code: "DE", zone: "Europe" }],
  taxRates: [{ name: "Standard", percentage: 19 }],
  shippingMethods: [{ name: "Parcel", price: 490, taxRate: 19 }],
  paymentMethods: [
    { name: "Card", handler: { code: "dummy-payment-handler", arguments: [{ name: "automaticSettle", value: "true" }] } },
  ],
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
  const [{ id }] = (await app.get(FacetValueService).findAll(ctx, LanguageCode.en)).filter((one) => one.name === "Mugs");
  await app.get(PromotionService).createPromotion(ctx, {
    enabled: true,
    conditions: [{ code: "minimum_order_amount", arguments: [{ name: "amount", value: "0" }, { name: "taxInclusive", value: "true" }] }],
    actions: [{ code: "facet_based_discount", arguments: [{ name: "discount", value: "10" }, { name: "facets", value: JSON.stringify([id]) }] }],
    translations: [{ languageCode: LanguageCode.en, name: "Mugs reduced" }],
  });
}
