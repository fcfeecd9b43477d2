// Messages between the panel and the shop's page. They are posted to one exact origin, which the server lists as the
// shop's.

import { read, TO_PANEL, type Message, type TO_PAGE } from "../messages";
import { boot, query } from "./boot";

export const pageOrigin = boot.shop.origins.find((origin) => origin === query.get("opener")) ?? "";

export function postToPage(message: Message<typeof TO_PAGE>): void {
  if (pageOrigin) parent.postMessage(message, pageOrigin);
}

export function listen(handle: (message: Message<typeof TO_PANEL>) => void): void {
  addEventListener("message", (event) => {
    const message = event.source === parent && event.origin === pageOrigin && read(TO_PANEL, event.data);
    if (message) handle(message);
  });
}
