// The one script of the shop's page: draws the launcher and, at the shopper's first wish, fetches the embed.
// It has 1,024 bytes on the wire, so what few pages need (codes of friends, badges) waits in the embed.

import type { Call, Embed, Listener, LoaderConfig, LoyaltyWidget } from "./config";

declare const __LOYALTY_CONFIG__: LoaderConfig;

if (document.currentScript && !window.LoyaltyWidget) {
  const config = __LOYALTY_CONFIG__;
  const tag = document.currentScript as HTMLScriptElement;
  const html = document.documentElement;
  const host = document.createElement("loyalty-widget");
  const button = document.createElement("button");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  const stop = new AbortController();
  const calls: Call[] = [];
  const api = window.LoyaltyWidget = {} as LoyaltyWidget & Record<Call[0], (...values: unknown[]) => void>;
  let tries = 0;
  let loading: unknown;

  // import() needs no element and no Trusted Types policy; browsers remember a failed address, so each try has its own
  const load = () => loading ||= import(new URL(config.e + tries++, tag.src) as unknown as string).then(
    (embed: Embed) => embed.default(calls, config, tag, button, stop),
    // a dim launcher says that nothing came; the next press tries again
    () => { loading = calls.length = 0; button.style.opacity = .5 as never; },
  );

  const look = (event: Event) => {
    const link = event.type == "click" && (event.target as Element).closest?.("[data-loyalty-open],[data-loyalty-page]");
    if (link) {
      event.preventDefault();
      api.open(link);
    } else if (/[?&#](loyalty|ref=)/.test(location as unknown as string) || "open" in tag.dataset
      || document.querySelector("[data-loyalty-points-for],[data-loyalty-balance]")) load();
  };

  for (const name of ["open", "close", "toggle", "logout", "identify", "on"] as const) {
    api[name] = (...values: unknown[]) => {
      calls.push([name, ...values] as Call);
      // a function alone, from identify or on, is no wish yet
      (values.at(-1) as Listener | undefined)?.call || load();
    };
  }
  api.destroy = () => {
    stop.abort();
    host.remove();
    delete window.LoyaltyWidget;
  };

  sheet.replaceSync(`:host{all:initial!important}button{all:initial;display:${location.pathname.match(config.h) ? "none" : "flex"};height:54px;place-items:center;padding:0 20px;gap:8px;border:1px solid var(--i);border-radius:28px;font:600 1em system-ui;cursor:pointer;position:fixed;box-shadow:0 4px 16px #0003;color-scheme:${html.dataset.theme || "light dark"};${config.s}}button:before{content:"";padding:10px;background:currentcolor;clip-path:path("M2 6h16v4H2zM3 11h6v7H3zm8 0h6v7h-6zM5 1l5 4 5-4v4H5z")}:focus-visible{outline:2px solid var(--i);outline-offset:1px}@media(max-width:480px){button{margin:-8px;padding:0 17px;font-size:0}}`);
  button.textContent = config.w[(tag.dataset.locale || html.lang).slice(0, 2)] || config.w[""];
  button.ariaExpanded = "false";
  button.onclick = api.toggle;
  root.adoptedStyleSheets = [sheet];
  root.append(button);
  html.append(host);
  look({} as Event);
  // the pointer moves on pages that change without loading
  for (const type of ["click", "load", "hashchange", "pointerover"]) addEventListener(type, look, stop);
}

