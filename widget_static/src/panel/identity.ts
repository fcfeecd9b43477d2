// The shop's word on who the shopper is, held against the session that is kept here.

import * as store from "./store";

/** The customer a shop's word is about, so that the same word again needs no new session. */
export function subject(token: string): string {
  try {
    return JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))).sub;
  } catch {
    return token;
  }
}

/** Whether the session kept here is no longer that of whom the shop knows. */
export function outdated(token: string | null, known: boolean): boolean {
  const sub = store.get(":sub");
  return known && !!sub && sub !== (token && subject(token));
}
