// The helper frame: asks the server what prices give and whose a friend's code is. It shares the panel's origin and so
// its session, but the page sees only what it asked for: figures of points, a balance where the shop shows one, a code.

import type { BadgeFigures, BadgePrice, FriendCode } from "./api";
import { FROM_HELPER, read, TO_HELPER, type Message } from "./messages";
import { boot, query } from "./panel/boot";
import { readPrice, type PriceTag } from "./price";
import { outdated } from "./panel/identity";
import * as store from "./panel/store";
import { points } from "./panel/words";

const page = boot.shop.origins.find((origin) => origin === query.get("opener"));

const { maximumFractionDigits: decimals } = new Intl.NumberFormat("en", { style: "currency", currency: boot.shop.currency }).resolvedOptions();

const say = (message: Message<typeof FROM_HELPER>) => parent.postMessage(message, page!);

async function ask<T>(path: string, body: object): Promise<T> {
  const token = store.get("");
  const answer = await fetch("/widget/" + path, {
    method: "POST", credentials: "omit", body: JSON.stringify(body),
    headers: {
      "Content-Type": "application/json", "X-Loyalty-Shop": boot.shop.embed_key,
      ...(token ? { Authorization: "Bearer " + token } : {}),
    },
  });
  if (!answer.ok) throw answer;
  return await answer.json() as T;
}

/** What the server is asked for a badge; null when the price, or the tax in it, cannot be read. */
function priceOf({ price, tax, ...product }: PriceTag): BadgePrice | null {
  const amounts = [price, tax ?? "0"].map((text) => readPrice(text, decimals));
  return amounts.includes(null) ? null : { ...product, price: amounts[0]!, tax: tax == null ? null : amounts[1]! };
}

/** What the page asked for, and nothing where the server has no answer. */
async function tell(tags: PriceTag[], wanted: boolean): Promise<void> {
  const items = tags.map(priceOf);
  let texts: (string | null)[] = items.map((item) => item && "");
  let balance: string | null = null;
  try {
    const given = await ask<BadgeFigures>("badges", { items: items.filter(Boolean) });
    const figures = given.points.values();
    texts = items.map((item) => item && ((n) => n > 0 ? points(n) : "")(figures.next().value ?? 0));
    balance = wanted && given.balance !== null ? points(given.balance) : null;
  } catch { /* the badges stay empty */ }
  say({ type: "figures", texts, balance });
}

/** Which of these words is the friend's code that counts; without an answer none is known, and nothing is said. */
async function tellFriend(kept: string | null, found: unknown[]): Promise<void> {
  const { code, keep_days: days, needs_consent: consent, gift } = await ask<FriendCode>("friend-code", { kept, found });
  say({ type: "friend", code, days, consent, gift });
}

/** The page's question while the shop is asked who is there; null when its word is known. */
let waiting: (() => void) | null = () => {};

/** A session got by the shop's word counts only while the shop still says so. */
function hear(message: Message<typeof TO_HELPER>): void {
  if (message.type === "identity") {
    if (outdated(message.token, message.known)) store.end();
    waiting?.();
    waiting = null;
  } else if (message.type === "friend") {
    if (Array.isArray(message.found)) tellFriend(message.kept, message.found).catch(() => {});
  } else if (Array.isArray(message.items)) {
    const answer = () => void tell(message.items as PriceTag[], message.balance);
    if (!waiting || !store.get(":sub")) return answer();
    waiting = answer;
    say({ type: "ask-identity" });
  }
}

if (page) {
  addEventListener("message", (event) => {
    const message = event.source === parent && event.origin === page && read(TO_HELPER, event.data);
    if (message) hear(message);
  });
  say({ type: "ready" });
}
