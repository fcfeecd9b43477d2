// The friend's code from `?ref=`: kept first-party for the shop's window, first or last, and only with consent
// where the shop demands it. No cookie. Where storage is closed it lives as long as the page.

import type { Page } from "./page";

const NAME = "loyalty:ref";
const DAY_MS = 864e5;

export interface ReferralCode {
  /** The code that counts now, or null. */
  current(): string | null;
  /** Whether this very visit brought a code not seen before. */
  arrived: boolean;
  forget(): void;
}

/** Reads the code of this visit and of earlier ones. */
export function referralCode(page: Page): ReferralCode {
  const { config, data, signal } = page;
  const found = /^[\w-]{1,64}$/.exec(new URLSearchParams(location.search).get("ref") ?? "")?.[0] ?? null;
  const kept = () => {
    try {
      const [time, code] = (localStorage.getItem(NAME) ?? "").split(" ");
      return code && Date.now() - Number(time) < (config.r ?? 0) * DAY_MS ? code : null;
    } catch {
      return null;
    }
  };
  const before = kept();
  let code = config.r ? (config.a ? found ?? before : before ?? found) : null;
  const keep = () => {
    if (!code || code === before) return;
    try {
      localStorage.setItem(NAME, `${Date.now()} ${code}`);
    } catch { /* storage is closed: it lives in memory */ }
  };
  if (!config.c || data.consent !== undefined) keep();
  else document.addEventListener("loyalty:consent", keep, { signal });
  return {
    current: () => code,
    arrived: !!code && code === found && code !== before,
    forget() {
      code = null;
      try {
        localStorage.removeItem(NAME);
      } catch { /* nothing was kept */ }
    },
  };
}
