// The shop's identity token, compared with the session that is stored here.

import * as store from "./store";

/** The customer in an identity token, so that another token for the same customer needs no new session. */
export function subjectOf(token: string): string {
  try {
    return JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))).sub;
  } catch {
    return token;
  }
}

/** Whether the stored session is of another customer than the token; `known`: the shop gave a response. */
export function isOutdated(token: string | null, known: boolean): boolean {
  const subject = store.get(":sub");
  return known && !!subject && subject !== (token && subjectOf(token));
}
