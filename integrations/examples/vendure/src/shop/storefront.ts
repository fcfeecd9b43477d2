// The one page of the shop, and the mail that a new customer gets.
import { readFile } from "node:fs/promises";
import { Controller, Get, Header, OnApplicationBootstrap } from "@nestjs/common";
import {
  AccountRegistrationEvent, EventBus, Logger, NativeAuthenticationMethod, PluginCommonModule, VendurePlugin,
} from "@vendure/core";

import { EMBED_KEY, URL as LOYALTY_URL } from "../loyalty/settings.js";

const file = (name: string) => readFile(new URL(`../../page/${name}`, import.meta.url), "utf8");

@Controller()
class PageController {
  @Get()
  @Header("content-type", "text/html; charset=utf-8")
  async page(): Promise<string> {
    return (await file("index.html")).replace("LOYALTY_SCRIPT", `${LOYALTY_URL}/widget.js?shop=${EMBED_KEY}`);
  }

  @Get("page.js")
  @Header("content-type", "text/javascript; charset=utf-8")
  script(): Promise<string> {
    return file("page.js");
  }
}

@VendurePlugin({ imports: [PluginCommonModule], compatibility: "^3.7.0", controllers: [PageController] })
export class StorefrontPlugin implements OnApplicationBootstrap {
  constructor(private events: EventBus) {}

  /** In place of a mail, the log has the token that proves the address. */
  onApplicationBootstrap(): void {
    this.events.ofType(AccountRegistrationEvent).subscribe(({ user }) => {
      const method = user.authenticationMethods.find((one) => one instanceof NativeAuthenticationMethod);
      Logger.info(`to ${user.identifier}: ${method?.verificationToken}`, "mail");
    });
  }
}
