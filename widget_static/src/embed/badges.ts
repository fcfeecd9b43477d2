// Badges: figures the theme asked for, filled through a small frame of ours, since a strict policy of the page
// forbids fetching them. Ours is the text only, set as text.

import { FROM_BADGE, read, type Message, type TO_BADGE } from "../messages";
import type { BadgePrice } from "../api";
import { frameAddress, type Page, type Word } from "./page";

const POINTS = "[data-loyalty-points-for]";
const BALANCE = "[data-loyalty-balance]";
const ATTRIBUTES = ["data-loyalty-points-for", "data-loyalty-price", "data-loyalty-collections", "data-loyalty-balance"];

export interface Badges {
  /** Asks every figure anew: somebody signed in or out, or points moved. */
  refresh(): void;
}

/** What the theme says of one badge; "cart" is no product but a sum. */
function priceOf({ dataset }: HTMLElement): BadgePrice {
  const product = dataset.loyaltyPointsFor!;
  return {
    product_id: product === "cart" ? null : product,
    collection_ids: (dataset.loyaltyCollections ?? "").split(",").map((id) => id.trim()).filter(Boolean),
    price: dataset.loyaltyPrice ?? "",
  };
}

/** Watches the page for badges; the frame is made with the first one. `word` is the shop's, for a session that hangs on it. */
export function badges(page: Page, word: () => Promise<Word>): Badges {
  const filled = new Map<HTMLElement, { said: string; was: string }>();
  const iframe = document.createElement("iframe");
  let asked: HTMLElement[] | null = null;
  let ready = false;
  let again = false;

  const find = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
  const said = (element: HTMLElement) => ATTRIBUTES.map((name) => element.getAttribute(name)).join("\n");
  const fill = (element: HTMLElement, text: string | null) => {
    if (text !== null && element.textContent !== text) element.textContent = text;
  };

  const post = (message: Message<typeof TO_BADGE>) => iframe.contentWindow?.postMessage(message, page.origin);
  const ask = () => {
    if (asked) {
      again = true;
      return;
    }
    for (const element of filled.keys()) if (!element.isConnected) filled.delete(element);
    const balances = find(BALANCE);
    const priced = find(POINTS).filter((element) => /^\d+(\.\d+)?$/.test(element.dataset.loyaltyPrice ?? ""));
    const news = [...priced, ...balances].filter((element) => filled.get(element)?.said !== said(element));
    if (!news.length) return;
    if (!iframe.src) {
      iframe.hidden = true;
      iframe.title = "Loyalty";
      iframe.src = frameAddress(page, "/badge");
      page.root.append(iframe);
    }
    if (!ready) return;
    asked = priced;
    for (const element of news) filled.set(element, { said: said(element), was: filled.get(element)?.was ?? element.textContent! });
    post({ type: "prices", items: priced.map(priceOf), balance: balances.length > 0 });
  };

  addEventListener("message", (event) => {
    if (event.source !== iframe.contentWindow || event.origin !== page.origin) return;
    const message = read(FROM_BADGE, event.data);
    if (message?.type === "ready") {
      ready = true;
      ask();
    } else if (message?.type === "ask-identity") {
      void word().then(post);
    } else if (message?.type === "figures" && asked && Array.isArray(message.texts)) {
      asked.forEach((element, at) => fill(element, String((message.texts as unknown[])[at] ?? "")));
      for (const element of find(BALANCE)) fill(element, message.balance ?? "");
      asked = null;
      if (again) {
        again = false;
        ask();
      }
    }
  }, { signal: page.signal });

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
