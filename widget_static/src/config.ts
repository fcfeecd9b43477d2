// What the server tells the loader, and what the loader hands to the embed. Keys are short because
// they are inlined in every page view; the server fills the same table.

/** Stands in dist/loader.js as `__LOYALTY_CONFIG__`, replaced by JSON (UTF-8, not escaped). */
export interface LoaderConfig {
  /** Path of the embed file on our origin and a question mark: "/assets/embed-HASH.js?". */
  e: string;
  /** The launcher's word by language (two letters); "" is the shop's own language, or its own label for all. */
  w: Record<string, string> & { "": string };
  /**
   * The launcher's own declarations: place ("inset-inline-end" or -start, or "left", "right"), z-index, colours:
   * `inset-inline-end:24px;bottom:24px;z-index:999;--i:light-dark(INK,INK);background:light-dark(ACCENT,ACCENT);`
   * `color:light-dark(ON,ON)` and, unless the mode is auto, `;color-scheme:light` or `dark`. Hidden on phones:
   * `;@media(max-width:480px){display:none}`.
   */
  s: string;
  /** Source of a regular expression: no launcher where location.pathname matches. "^$" nowhere, "" everywhere. */
  h: string;
}

export type Listener = (detail: unknown) => void;
export type Identify = () => Promise<string | null>;

/** What the shop's page may call: `window.LoyaltyWidget`. */
export interface LoyaltyWidget {
  open(tab?: string | Element): void;
  close(): void;
  toggle(): void;
  /** Names a function that returns a fresh identity token signed by the shop, or null. */
  identify(ask: Identify): void;
  logout(): void;
  /** Takes away every node and listener, and the global itself. */
  destroy(): void;
  on(event: string, listener: Listener): void;
}

/** A call of the API, kept until the embed is there. */
export type Call =
  | ["open", (string | Element)?] | ["close"] | ["toggle"] | ["logout"]
  | ["identify", Identify] | ["on", string, Listener];

export interface Embed {
  /** Takes over: works off `calls` and every call pushed to it from now on, and does its own part of `api.destroy`. */
  default(
    calls: Call[], config: LoaderConfig, tag: HTMLScriptElement, button: HTMLButtonElement, api: LoyaltyWidget,
  ): void;
}

declare global {
  interface Window { LoyaltyWidget?: LoyaltyWidget }
}
