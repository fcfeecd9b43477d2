// Badges: figures the theme asked for, filled through the helper frame. Ours is the text only, set as text.

import type { Helper } from "./helper";
import type { PriceTag } from "../price";
import type { Page } from "./page";

const POINTS = "[data-loyalty-points-for]";
const BALANCE = "[data-loyalty-balance]";
const ATTRIBUTES = ["data-loyalty-points-for", "data-loyalty-price", "data-loyalty-tax", "data-loyalty-collections", "data-loyalty-balance"];

export interface Badges {
  /** Asks every figure anew: somebody signed in or out, or points moved. */
  refresh(): void;
}

/** What the theme says of one badge, as printed there; "cart" is no product but a sum. */
function tagOf({ dataset }: HTMLElement): PriceTag {
  const product = dataset.loyaltyPointsFor!;
  return {
    product_id: product === "cart" ? null : product,
    collection_ids: (dataset.loyaltyCollections ?? "").split(",").map((id) => id.trim()).filter(Boolean),
    price: dataset.loyaltyPrice ?? "",
    tax: dataset.loyaltyTax ?? null,
  };
}

/** Watches the page for badges; the helper is made with the first one. */
export function badges(page: Page, helper: Helper): Badges {
  const filled = new Map<HTMLElement, { said: string; was: string }>();
  const warned = new WeakSet<HTMLElement>();
  let asked: HTMLElement[] | null = null;
  let again = false;

  const find = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
  const said = (element: HTMLElement) => ATTRIBUTES.map((name) => element.getAttribute(name)).join("\n");
  const fill = (element: HTMLElement, text: string | null) => {
    if (text !== null && element.textContent !== text) element.textContent = text;
  };
  const warn = (element: HTMLElement) => {
    if (warned.has(element)) return;
    warned.add(element);
    console.warn("Loyalty badge: this price cannot be read. Write it as 1299.00, 1.299,00 or $1,299.00.", element);
  };

  const ask = () => {
    if (asked) {
      again = true;
      return;
    }
    for (const element of filled.keys()) if (!element.isConnected) filled.delete(element);
    const balances = find(BALANCE);
    // without a price there is nothing to say yet: themes set it late
    const priced = find(POINTS).filter((element) => element.dataset.loyaltyPrice);
    const news = [...priced, ...balances].filter((element) => filled.get(element)?.said !== said(element));
    if (!news.length) return;
    helper.need();
    if (!helper.ready) return;
    asked = priced;
    for (const element of news) filled.set(element, { said: said(element), was: filled.get(element)?.was ?? element.textContent! });
    helper.post({ type: "prices", items: priced.map(tagOf), balance: balances.length > 0 });
  };

  helper.join({
    ready() {
      asked = null;
      again = false;
      for (const mark of filled.values()) mark.said = "";
      ask();
    },
    hear(message) {
      if (message.type !== "figures" || !asked || !Array.isArray(message.texts)) return;
      const texts = message.texts as unknown[];
      asked.forEach((element, at) => {
        if (texts[at] === null) warn(element);
        fill(element, String(texts[at] ?? ""));
      });
      for (const element of find(BALANCE)) fill(element, message.balance ?? "");
      asked = null;
      if (again) {
        again = false;
        ask();
      }
    },
  });

  const watch = new MutationObserver(ask);
  watch.observe(document, { subtree: true, childList: true, attributeFilter: ATTRIBUTES });
  page.signal.addEventListener("abort", () => {
    watch.disconnect();
    for (const [element, { was }] of filled) element.textContent = was;
  });
  ask();

  return {
    refresh() {
      for (const mark of filled.values()) mark.said = "";
      ask();
    },
  };
}
