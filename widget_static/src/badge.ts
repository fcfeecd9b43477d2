// The badge frame: asks the server what prices give, and hands the page finished texts. It shares the panel's origin and
// so its session, but the page sees only what it asked for: figures of points, and a balance where the shop shows one.

import type { BadgeFigures, BadgePrice } from "./api";
import { FROM_BADGE, read, TO_BADGE, type Message } from "./messages";
import { boot, query } from "./panel/boot";
import { outdated } from "./panel/identity";
import * as store from "./panel/store";
import { points } from "./panel/words";

const page = boot.shop.origins.find((origin) => origin === query.get("opener"));

const say = (message: Message<typeof FROM_BADGE>) => parent.postMessage(message, page!);

async function figures(items: BadgePrice[]): Promise<BadgeFigures> {
  const token = store.get("");
  const answer = await fetch("/widget/badges", {
    method: "POST", credentials: "omit", body: JSON.stringify({ items }),
    headers: {
      "Content-Type": "application/json", "X-Loyalty-Shop": boot.shop.embed_key,
      ...(token ? { Authorization: "Bearer " + token } : {}),
    },
  });
  if (!answer.ok) throw answer;
  return await answer.json() as BadgeFigures;
}

/** What the page asked for, and nothing where the server has no answer. */
async function tell(items: BadgePrice[], wanted: boolean): Promise<void> {
  let texts: string[] = [];
  let balance: string | null = null;
  try {
    const given = await figures(items);
    texts = given.points.map((n) => n > 0 ? points(n) : "");
    balance = wanted && given.balance !== null ? points(given.balance) : null;
  } catch { /* the badges stay empty */ }
  say({ type: "figures", texts, balance });
}

/** The page's question while the shop is asked who is there; null when its word is known. */
let waiting: (() => void) | null = () => {};

/** A session got by the shop's word counts only while the shop still says so. */
function hear(message: Message<typeof TO_BADGE>): void {
  if (message.type === "identity") {
    if (outdated(message.token, message.known)) store.end();
    waiting?.();
    waiting = null;
  } else if (Array.isArray(message.items)) {
    const answer = () => void tell(message.items as BadgePrice[], message.balance);
    if (!waiting || !store.get(":sub")) return answer();
    waiting = answer;
    say({ type: "ask-identity" });
  }
}

if (page) {
  addEventListener("message", (event) => {
    const message = event.source === parent && event.origin === page && read(TO_BADGE, event.data);
    if (message) hear(message);
  });
  say({ type: "ready" });
}
