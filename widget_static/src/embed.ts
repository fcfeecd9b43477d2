// The second file of the shop's page, fetched when the widget is first needed: frame, friend's code, identity, coupons,
// badges, links.

import { TABS, type Tab } from "./api";
import type { Call, Embed, LoaderConfig } from "./config";
import type { Message, TO_PAGE } from "./messages";
import { badges } from "./embed/badges";
import { panelFrame } from "./embed/frame";
import { helperFrame } from "./embed/helper";
import { launcher } from "./embed/launcher";
import { emit, hasIdentity, safeAddress, type Identity, type Page } from "./embed/page";
import { friendCode } from "./embed/referral";
import { wordsOf } from "./embed/words";

const TAB = "loyalty:tab";
const LINKS = "[data-loyalty-open],[data-loyalty-page]";
/** How long the panel announces the cart before it opens. */
const CART_OPENS_MS = 1200;

/** The shop's response to "Use it now". */
interface Applied {
  ok?: boolean;
  reason?: string;
}

const takeOver: Embed["default"] = (calls: Call[], config: LoaderConfig, tag, button, api) => {
  // destroyed while this file was loading
  if (window.LoyaltyWidget !== api) return;
  const stop = new AbortController();
  const { signal } = stop;
  const { destroy } = api;
  api.destroy = () => {
    stop.abort();
    destroy();
  };
  button.style.opacity = "";
  const address = new URL(tag.src);
  const page: Page = {
    config, button, signal,
    data: tag.dataset,
    origin: address.origin,
    key: address.searchParams.get("shop") ?? "",
    language: tag.dataset.locale || document.documentElement.lang || "",
    root: button.getRootNode() as ShadowRoot,
    listeners: [],
  };
  const words = wordsOf(page.language);
  let close = words.close;

  const seen = launcher(page, (theme) => {
    if (frame.ready) frame.send({ type: "theme", theme });
  });
  const frame = panelFrame({
    page, words, handle,
    theme: () => seen.theme(),
    changed(open) {
      seen.set(open, close);
      emit(page, open ? "open" : "close");
    },
  });
  const helper = helperFrame(page, identity);
  const figures = badges(page, helper);
  const friend = friendCode(page, helper, (code, gift) => {
    if (frame.ready) frame.send({ type: "ref", code });
    // so that the friend sees the offer (acceptance 43)
    if (gift && seen.visible() && !frame.open) open(undefined, false);
  });
  /** Requested while the panel is loading. */
  let early: Promise<Identity> | undefined;

  function handle(message: Message<typeof TO_PAGE>): void {
    switch (message.type) {
      case "ready": {
        const code = friend.current();
        close = message.close;
        seen.set(frame.open, close);
        if (code) frame.send({ type: "ref", code });
        if (hasIdentity(page)) void sendIdentity(early);
        early = undefined;
        return emit(page, "ready");
      }
      case "close": return frame.hide();
      case "ask-identity": return void sendIdentity();
      case "ref-bound": return friend.spend();
      case "leave": return leave(message.url, message.tab);
      case "apply": return void apply(message.code, message.url);
      case "dot": return seen.dot(message.count > 0 && !frame.open, words.launcher_new);
      case "event":
        emit(page, message.name);
        figures.refresh();
    }
  }

  /** Requests the shop's identity token for the shopper. */
  async function identity(): Promise<Identity> {
    let token: unknown = null;
    let known = hasIdentity(page);
    try {
      token = await (page.identify ? page.identify() : fetchToken(page.data.identityUrl));
    } catch {
      known = false;
    }
    return { type: "identity", token: typeof token === "string" ? token : null, known };
  }

  async function sendIdentity(pending = identity()): Promise<void> {
    const message = await pending;
    if (!signal.aborted) frame.send(message);
  }

  /** Opens the shop's own sign-in page; `{return}` in its address becomes this page with the requested tab. */
  function leave(url: string, tab: string): void {
    const back = new URL(location.href);
    back.searchParams.set("loyalty", tab);
    const target = safeAddress(url.replace("{return}", encodeURIComponent(back.href)));
    remember(tab);
    if (target) location.assign(target);
  }

  /**
   * Lets the page put the code into its cart and posts the result to the panel (contracts §6): only the page's own
   * response means that the code is in the cart. Without a response the address is opened, if there is one.
   */
  async function apply(code: string, url: string | null): Promise<void> {
    let answer: Applied | Promise<Applied> | undefined;
    const event = new CustomEvent("loyalty:apply-coupon", {
      cancelable: true,
      detail: { code, respondWith: (given: Applied | Promise<Applied>) => { answer = given; } },
    });
    const template = page.data.applyUrl || url;
    const target = template && safeAddress(template.replace("{code}", encodeURIComponent(code)));
    const prevented = !document.dispatchEvent(event);
    if (answer !== undefined || prevented) {
      const { ok, reason } = await Promise.resolve(answer).then(Object, () => ({ ok: false })) as Applied;
      const how = ok ? "applied" : ok === false ? "refused" : "handed";
      frame.send({ type: "applied", how, reason: ok === false ? reason ?? null : null });
      if (ok) emit(page, "coupon-applied");
    } else {
      frame.send({ type: "applied", how: target ? "opened" : "refused", reason: null });
      if (target) setTimeout(() => location.assign(target), CART_OPENS_MS);
    }
  }

  function open(target: string | Element | undefined, focus = true): void {
    const name = target instanceof HTMLElement ? target.dataset.loyaltyOpen || target.dataset.loyaltyPage : target;
    if (!frame.ready && hasIdentity(page)) early ??= identity();
    frame.show(TABS.find((tab) => tab === name) ?? recall(), focus);
  }

  function run(call: Call): void {
    switch (call[0]) {
      case "open": return open(call[1]);
      case "close": return frame.hide();
      case "toggle": return frame.open ? frame.hide() : open(undefined);
      case "logout": return frame.send({ type: "logout" });
      case "identify":
        page.identify = call[1];
        early = undefined;
        figures.refresh();
        return void (frame.ready && sendIdentity());
      case "on": page.listeners.push([call[1], call[2]]);
    }
  }

  /** Opens `?loyalty=redeem` or `#loyalty-redeem`; an unknown tab opens the panel where it was. */
  function openDeepLink(): void {
    const deep = /[?&]loyalty=([\w-]*)/.exec(location.search) ?? /^#loyalty-([\w-]*)/.exec(location.hash);
    if (deep) open(deep[1]);
  }

  addEventListener("hashchange", openDeepLink, { signal });
  addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.(LINKS);
    if (!link) return;
    event.preventDefault();
    open(link);
  }, { signal });
  const before = calls.splice(0);
  calls.push = (...more: Call[]) => {
    more.forEach(run);
    return 0;
  };
  before.forEach(run);
  openDeepLink();
  if (page.data.open !== undefined) open(page.data.open);
};

export default takeOver;

/** The shop's signed identity token, from an address of the shop; null: nobody is logged in there. */
async function fetchToken(url: string | undefined): Promise<string | null> {
  const target = url ? new URL(url, location.href) : null;
  if (target?.origin !== location.origin) return null;
  const answer = await fetch(target, { cache: "no-store", headers: { Accept: "application/json" } });
  if (answer.status === 204) return null;
  if (!answer.ok) throw new Error(String(answer.status));
  return ((await answer.json()) as { token?: string }).token ?? null;
}

function remember(tab: string): void {
  try {
    sessionStorage.setItem(TAB, tab);
  } catch { /* storage is closed: the panel opens on its first tab */ }
}

/** The tab that was requested before the shopper went to sign in at the shop. */
function recall(): Tab | null {
  try {
    const name = sessionStorage.getItem(TAB);
    sessionStorage.removeItem(TAB);
    return TABS.find((tab) => tab === name) ?? null;
  } catch {
    return null;
  }
}
