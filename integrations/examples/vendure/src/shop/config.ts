// The example shop: Vendure as its documents set it up, on SQLite without anything to compile.
import path from "node:path";
import { DefaultJobQueuePlugin, dummyPaymentHandler, LanguageCode, VendureConfig } from "@vendure/core";

import { LoyaltyPlugin } from "../loyalty/plugin.js";
import { pause, QUEUE } from "../loyalty/settings.js";
import { StorefrontPlugin } from "./storefront.js";

export const FOLDER = process.env.SHOP_FOLDER!;
const PASSWORD = process.env.SHOP_STAFF_PASSWORD!;

export const config: VendureConfig = {
  apiOptions: {
    hostname: "127.0.0.1", port: Number(process.env.SHOP_PORT), adminApiPath: "admin-api", shopApiPath: "shop-api",
  },
  authOptions: {
    tokenMethod: "cookie",
    cookieOptions: { secret: process.env.SHOP_SECRET_KEY },
    superadminCredentials: { identifier: "staff", password: PASSWORD },
  },
  defaultLanguageCode: LanguageCode.en,
  dbConnectionOptions: {
    type: "sqljs", location: path.join(FOLDER, "shop.sqlite"), autoSave: true, synchronize: true, logging: false,
  },
  importExportOptions: { importAssetsDir: FOLDER },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [
    DefaultJobQueuePlugin.init({ backoffStrategy: (queue, attempts) => (queue === QUEUE ? pause(attempts) : 1000) }),
    LoyaltyPlugin,
    StorefrontPlugin,
  ],
};
