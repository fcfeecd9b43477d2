// Who is here: the token of a signed-in customer, at an address of the shop that is never cached.
import { Controller, Get, Res } from "@nestjs/common";
import { Ctx, CustomerService, RequestContext } from "@vendure/core";
import type { Response } from "express";

import { identityToken } from "../../../../clients/javascript/loyalty-widget.mjs";
import { person } from "./orders.js";
import { IDENTITY_SECRET, SHOP_ID } from "./settings.js";

@Controller("loyalty-token")
export class TokenController {
  constructor(private customers: CustomerService) {}

  @Get()
  async token(@Ctx() ctx: RequestContext, @Res() response: Response) {
    const customer = ctx.activeUserId ? await this.customers.findOneByUserId(ctx, ctx.activeUserId) : undefined;
    response.set("cache-control", "no-store");
    if (!customer) response.status(204).end();
    else response.json({ token: identityToken(SHOP_ID, IDENTITY_SECRET, person(customer)) });
  }
}
