// The helper frame: requests from the server the points of prices and whether a friend's code is known. It shares the
// panel's origin and so its session, but the page gets only what it requested: points, a balance where the shop shows
// one, a code.

import type { BadgeFigures, BadgePrice, FriendCode } from "./api";
import { FROM_HELPER, read, TO_HELPER, type Message } from "./messages";
import { boot, query } from "./panel/boot";
import { readPrice, type PriceTag } from "./price";
import { isOutdated } from "./panel/identity";
import * as store from "./panel/store";
import { points } from "./panel/words";

const page = boot.shop.origins.find((origin) => origin === query.get("opener"));

const { maximumFractionDigits: decimals } =
  new Intl.NumberFormat("en", { style: "currency", currency: boot.shop.currency }).resolvedOptions();

const post = (message: Message<typeof FROM_HELPER>) => parent.postMessage(message, page!);

async function request<T>(path: string, body: object): Promise<T> {
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

/** The request item of a badge; null when its price, or the tax in it, cannot be parsed. */
function priceOf({ price, tax, ...product }: PriceTag): BadgePrice | null {
  const amounts = [price, tax ?? "0"].map((text) => readPrice(text, decimals));
  return amounts.includes(null) ? null : { ...product, price: amounts[0]!, tax: tax == null ? null : amounts[1]! };
}

/**
 * Posts the points of the page's prices, and empty texts where no response arrives. `token` says whom the shop has
 * logged in: by looking at a page nobody joins the program, or is signed in.
 */
async function postFigures(tags: PriceTag[], withBalance: boolean, token: string | null): Promise<void> {
  const items = tags.map(priceOf);
  let texts: (string | null)[] = items.map((item) => item && "");
  let balance: string | null = null;
  try {
    const figures = await request<BadgeFigures>("badges", { items: items.filter(Boolean), token });
    const values = figures.points.values();
    texts = items.map((item) => item && ((n) => n > 0 ? points(n) : "")(values.next().value ?? 0));
    balance = withBalance && figures.balance !== null ? points(figures.balance) : null;
  } catch { /* the badges stay empty */ }
  post({ type: "figures", texts, balance });
}

/** Posts which of these texts is the friend's code that counts. Throws without a response; then nothing is posted. */
async function postFriendCode(kept: string | null, found: unknown[]): Promise<void> {
  const friend = await request<FriendCode>("friend-code", { kept, found });
  const { code, keep_days: days, needs_consent: consent, gift } = friend;
  post({ type: "friend", code, days, consent, gift });
}

/** The page's request that waits for the shop's identity token; null when the token is known. */
let waiting: ((token: string | null) => void) | null = () => {};

/** A session was here: without one the member has logged out, and the shop's token shows no balance any more. */
let hadSession = false;

/** Handles a message; a session started by an identity token is valid only for the customer of the shop's new token. */
function handle(message: Message<typeof TO_HELPER>): void {
  if (message.type === "identity") {
    if (isOutdated(message.token, message.known)) store.removeSession();
    waiting?.(message.token);
    waiting = null;
  } else if (message.type === "friend") {
    if (Array.isArray(message.found)) postFriendCode(message.kept, message.found).catch(() => {});
  } else if (Array.isArray(message.items)) {
    const answer = (token: string | null) => void postFigures(message.items as PriceTag[], message.balance, token);
    const session = store.get("");
    hadSession ||= !!session;
    if (session ? !waiting || !store.get(":sub") : hadSession || !message.balance) return answer(null);
    waiting = answer;
    post({ type: "ask-identity" });
  }
}

if (page) {
  addEventListener("message", (event) => {
    const message = event.source === parent && event.origin === page && read(TO_HELPER, event.data);
    if (message) handle(message);
  });
  post({ type: "ready" });
}
