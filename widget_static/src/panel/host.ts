// The panel's end of the talk with the shop's page. It speaks to one exact origin, which the server knows as the shop's.

import { read, TO_PANEL, type Message, type TO_PAGE } from "../messages";
import { boot, query } from "./boot";

export const page = boot.shop.origins.find((origin) => origin === query.get("opener")) ?? "";

export function tell(message: Message<typeof TO_PAGE>): void {
  if (page) parent.postMessage(message, page);
}

export function listen(hear: (message: Message<typeof TO_PANEL>) => void): void {
  addEventListener("message", (event) => {
    const message = event.source === parent && event.origin === page && read(TO_PANEL, event.data);
    if (message) hear(message);
  });
}
