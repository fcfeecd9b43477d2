// The settings that the server sends to the loader, and the loader passes to the embed. Keys are short because
// they are inlined in every page view; the server fills the same table (script.py).

/** Replaces `__LOYALTY_CONFIG__` in dist/loader.js, as JSON (UTF-8, not escaped). */
export interface LoaderConfig {
  /** Path of the embed file on our origin and a question mark: "/assets/embed-HASH.js?". */
  e: string;
  /** The launcher's label by language (two letters); "" is the shop's own language, or its own label for all. */
  w: Record<string, string> & { "": string };
  /**
   * The launcher's CSS declarations: position ("inset-inline-end" or -start, or "left", "right"), z-index, colours:
   * `inset-inline-end:24px;bottom:24px;z-index:999;--i:light-dark(INK,INK);background:light-dark(ACCENT,ACCENT);`
   * `color:light-dark(ON,ON)` and, unless the mode is auto, `;color-scheme:light` or `dark`. Hidden on phones:
   * `;@media(max-width:480px){display:none}`.
   */
  s: string;
  /** Source of a regular expression: no launcher where location.pathname matches. "^$" nowhere, "" everywhere. */
  h: string;
  /** Path of the panel's document, where it is not "/panel": in the dashboard's preview. */
  p?: string;
}

export type Listener = (detail: unknown) => void;
export type Identify = () => Promise<string | null>;

/** The API for the shop's page: `window.LoyaltyWidget`. */
export interface LoyaltyWidget {
  open(tab?: string | Element): void;
  close(): void;
  toggle(): void;
  /** Sets a function that returns a fresh identity token signed by the shop, or null. */
  identify(ask: Identify): void;
  logout(): void;
  /** Removes every node and listener, and the global itself. */
  destroy(): void;
  on(event: string, listener: Listener): void;
}

/** A call of the API, queued until the embed is loaded. */
export type Call =
  | ["open", (string | Element)?] | ["close"] | ["toggle"] | ["logout"]
  | ["identify", Identify] | ["on", string, Listener];

export interface Embed {
  /** Takes over: runs `calls` and every call pushed to it later, and does its own part of `api.destroy`. */
  default(
    calls: Call[], config: LoaderConfig, tag: HTMLScriptElement, button: HTMLButtonElement, api: LoyaltyWidget,
  ): void;
}

declare global {
  interface Window { LoyaltyWidget?: LoyaltyWidget }
}
