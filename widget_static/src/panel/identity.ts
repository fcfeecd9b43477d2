// The identity that the shop vouches for, compared with the session that is kept here.

import * as store from "./store";

/** The customer an identity token is about, so that another token for the same one needs no new session. */
export function subjectOf(token: string): string {
  try {
    return JSON.parse(atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))).sub;
  } catch {
    return token;
  }
}

/** Whether the session kept here is of another customer than the shop's; `known`: the shop could say who it is. */
export function isOutdated(token: string | null, known: boolean): boolean {
  const subject = store.get(":sub");
  return known && !!subject && subject !== (token && subjectOf(token));
}
