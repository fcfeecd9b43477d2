// Badges: figures in elements of the shop's theme, filled through the helper frame. We set their text only, never HTML.

import type { Helper } from "./helper";
import type { PriceTag } from "../price";
import type { Page } from "./page";

const POINTS = "[data-loyalty-points-for]";
const BALANCE = "[data-loyalty-balance]";
const ATTRIBUTES = [
  "data-loyalty-points-for", "data-loyalty-price", "data-loyalty-tax", "data-loyalty-collections",
  "data-loyalty-balance",
];

export interface Badges {
  /** Requests every figure again, after a sign-in, a sign-out or a change of points. */
  refresh(): void;
}

/** The theme's attributes for one badge, as printed there; "cart" stands for the cart's total, not a product. */
function tagOf({ dataset }: HTMLElement): PriceTag {
  const product = dataset.loyaltyPointsFor!;
  return {
    product_id: product === "cart" ? null : product,
    collection_ids: (dataset.loyaltyCollections ?? "").split(",").map((id) => id.trim()).filter(Boolean),
    price: dataset.loyaltyPrice ?? "",
    tax: dataset.loyaltyTax ?? null,
  };
}

/** Watches the page for badges; the helper is created with the first one. */
export function badges(page: Page, helper: Helper): Badges {
  const filled = new Map<HTMLElement, { key: string; before: string }>();
  const warned = new WeakSet<HTMLElement>();
  /** The badges of the request in progress. */
  let requested: HTMLElement[] | null = null;
  let again = false;

  const find = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
  const keyOf = (element: HTMLElement) => ATTRIBUTES.map((name) => element.getAttribute(name)).join("\n");
  const fill = (element: HTMLElement, text: string | null) => {
    if (text !== null && element.textContent !== text) element.textContent = text;
  };
  const warn = (element: HTMLElement) => {
    if (warned.has(element)) return;
    warned.add(element);
    console.warn("Loyalty badge: this price cannot be read. Write it as 1299.00, 1.299,00 or $1,299.00.", element);
  };

  const requestFigures = () => {
    if (requested) {
      again = true;
      return;
    }
    for (const element of filled.keys()) if (!element.isConnected) filled.delete(element);
    const balances = find(BALANCE);
    // without a price there is nothing to request yet: some themes set it late
    const priced = find(POINTS).filter((element) => element.dataset.loyaltyPrice);
    const changed = [...priced, ...balances].filter((element) => filled.get(element)?.key !== keyOf(element));
    if (!changed.length) return;
    helper.create();
    if (!helper.ready) return;
    requested = priced;
    for (const element of changed) {
      filled.set(element, { key: keyOf(element), before: filled.get(element)?.before ?? element.textContent! });
    }
    helper.post({ type: "prices", items: priced.map(tagOf), balance: balances.length > 0 });
  };

  helper.register({
    ready() {
      requested = null;
      again = false;
      for (const entry of filled.values()) entry.key = "";
      requestFigures();
    },
    handle(message) {
      if (message.type !== "figures" || !requested || !Array.isArray(message.texts)) return;
      const texts = message.texts as unknown[];
      requested.forEach((element, at) => {
        if (texts[at] === null) warn(element);
        fill(element, String(texts[at] ?? ""));
      });
      for (const element of find(BALANCE)) fill(element, message.balance ?? "");
      requested = null;
      if (again) {
        again = false;
        requestFigures();
      }
    },
  });

  const watch = new MutationObserver(requestFigures);
  watch.observe(document, { subtree: true, childList: true, attributeFilter: ATTRIBUTES });
  page.signal.addEventListener("abort", () => {
    watch.disconnect();
    for (const [element, { before }] of filled) element.textContent = before;
  });
  requestFigures();

  return {
    refresh() {
      for (const entry of filled.values()) entry.key = "";
      requestFigures();
    },
  };
}
