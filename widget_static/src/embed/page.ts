// Data of the shop's page that all parts of the embed use.

import type { Identify, Listener, LoaderConfig } from "../config";
import type { Message, TO_PANEL } from "../messages";

export interface Page {
  config: LoaderConfig;
  data: DOMStringMap;
  /** Our origin. */
  origin: string;
  /** Embed key of the shop. */
  key: string;
  language: string;
  button: HTMLButtonElement;
  root: ShadowRoot;
  /** Aborted by destroy(). */
  signal: AbortSignal;
  listeners: [string, Listener][];
  identify?: Identify;
}

/** The message that carries the shop's identity token for the shopper to a frame of ours. */
export type Identity = Extract<Message<typeof TO_PANEL>, { type: "identity" }>;

/** Puts the launcher's host into the page as the loader does, but at once. */
export function attachLauncher({ root: { host } }: Page): void {
  if (host.isConnected || document.readyState === "loading") return;
  document.querySelector("loyalty-widget")?.remove();
  document.body.append(host);
}

/** Calls the shop's listeners; one that throws does not stop the others. */
export function emit(page: Page, name: string, detail: unknown = null): void {
  for (const [event, listener] of page.listeners) {
    if (event === name) queueMicrotask(() => listener(detail));
  }
}

/** Whether the shop's page can supply an identity token. */
export const hasIdentity = (page: Page): boolean => !!(page.identify || page.data.identityUrl);

/** Address of a frame of ours, with the origin that the frame may post messages to. */
export function frameAddress(page: Page, path: string, values: Record<string, string> = {}): string {
  const query = new URLSearchParams({ shop: page.key, lang: page.language, opener: location.origin, ...values });
  return `${page.origin}${path}?${query}`;
}

/** Returns the address when it is safe to open, else null (javascript: and the like). */
export function safeAddress(url: string): string | null {
  try {
    const full = new URL(url, location.href);
    return /^https?:$/.test(full.protocol) ? full.href : null;
  } catch {
    return null;
  }
}
