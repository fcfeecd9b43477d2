// The one script of the shop's page: draws the launcher and fetches the embed when the widget is first needed.
// Its budget is 1,024 compressed bytes, so what few pages need (friends' codes, badges, links) is in the embed.

import type { Call, Embed, Listener, LoaderConfig, LoyaltyWidget } from "./config";

declare const __LOYALTY_CONFIG__: LoaderConfig;

if (!window.LoyaltyWidget) {
  const config = __LOYALTY_CONFIG__;
  // a module has no currentScript
  const tag = (document.currentScript || document.querySelector("[src*='widget.js?']")) as HTMLScriptElement;
  const html = document.documentElement;
  const host = document.createElement("loyalty-widget");
  const button = document.createElement("button");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  const calls: Call[] = [];
  const api = window.LoyaltyWidget = {} as LoyaltyWidget & Record<Call[0], (...values: unknown[]) => void>;
  let tries = 0;
  let loading: unknown;

  // import() needs no element and no Trusted Types policy; browsers remember a failed address, so each try has its own
  const load = () => loading ||= import(new URL(config.e + tries++, tag.src) as unknown as string).then(
    (embed: Embed) => embed.default(calls, config, tag, button, api),
    // a dimmed launcher shows that loading failed; the next press tries again
    () => { loading = calls.length = 0; button.style.opacity = .5 as never; },
  );

  // Last in the body of a finished document: hydration ignores what follows its own nodes there, and nowhere else.
  // Pages that replace their body or their root remove us; polling cannot conflict with them.
  const look = () => {
    if (!host.isConnected && document.readyState == "complete") {
      // a page that restores a copy of its body restores our host without its shadow root
      document.querySelector("loyalty-widget")?.remove();
      document.body?.append(host);
    }
    // a page may have removed the query by now
    if ((location + document.referrer + performance.getEntriesByType("navigation")[0]?.name)
      .match(`[?&#](loyalty|ref=|${tag.dataset.refParam}=)`)
      || document.querySelector("[data-loyalty-points-for],[data-loyalty-balance],[data-loyalty-open],"
        + "[data-loyalty-page],script[data-open]")) load();
  };
  const watch = setInterval(look, 200);

  for (const name of ["open", "close", "toggle", "logout", "identify", "on"] as const) {
    api[name] = (...values: unknown[]) => {
      calls.push([name, ...values] as Call);
      // identify() and on() pass a function last and do not need the embed yet
      (values.at(-1) as Listener | undefined)?.call || load();
    };
  }
  api.destroy = () => {
    clearInterval(watch);
    host.remove();
    delete window.LoyaltyWidget;
  };

  sheet.replaceSync(
    `:host{display:contents!important}`
    + `button{all:initial;display:${location.pathname.match(config.h) ? "none" : "flex"};`
    + `place-items:center;gap:8px;padding:17px 20px;border:1px solid var(--i);border-radius:28px;`
    + `font:600 1em system-ui;`
    + `cursor:pointer;position:fixed;box-shadow:0 4px 16px #0003;`
    + `color-scheme:${html.dataset.theme || "light dark"};${config.s};`
    + `&:before{content:"";padding:10px;background:currentcolor;`
    + `clip-path:path("M2 6h16v4H2zM3 11h6v7H3zm8 0h6v7h-6zM5 1l5 4 5-4v4H5z")}`
    + `&:focus-visible{outline:2px solid var(--i)}`
    + `@media(max-width:480px){margin:-8px;padding:17px;font-size:0}@media print{display:none}}`);
  button.textContent = config.w[(tag.dataset.locale || html.lang).slice(0, 2)] || config.w[""];
  button.ariaExpanded = false as never;
  button.onclick = api.toggle;
  root.adoptedStyleSheets = [sheet];
  root.append(button);
  look();
}
