// Inline in the panel's document: requests the member's tab before the panel's file has arrived.

import type { TABS } from "../api";

declare global {
  interface Window { first?: Promise<Response> }
}

const query = new URLSearchParams(location.search);
const key = query.get("shop")!;
try {
  const token = localStorage.getItem("loyalty:" + key);
  if (token) {
    window.first = fetch("/widget/panel?tab=" + (query.get("tab") || "earn" satisfies (typeof TABS)[0]), {
      credentials: "omit",
      signal: AbortSignal.timeout(2e4),
      headers: { Authorization: "Bearer " + token, "X-Loyalty-Shop": key },
    });
    window.first.catch(() => 0);
  }
} catch { /* storage is closed: a guest */ }
