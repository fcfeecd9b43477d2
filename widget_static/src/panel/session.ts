// The member's session: ending it, and its stored data. Starting one is in sign_in.ts.

import { postToPage } from "./host";
import { Refused, request } from "./http";
import { navigate, set, state } from "./state";
import * as store from "./store";

/** Ends the session in this panel and removes the member's data from it. */
export function endSession(): void {
  const token = store.get("");
  store.removeSession();
  set({
    who: "guest", member: undefined, balance: undefined, tabData: {}, sheet: undefined, failed: false, qr: undefined,
    chosen: {}, pages: {},
  });
  if (token) postToPage({ type: "event", name: "signed-out" });
}

export async function signOut(): Promise<void> {
  const sent = store.get("") && request("session/sign-out", {});
  endSession();
  navigate({});
  await sent;
}

/** Whether an error means that the session is over; then it ends here too, and the shop may send a new token. */
export function endedBy(error: unknown): boolean {
  const isOver = error instanceof Refused && error.facts.code === "signed_out";
  if (isOver) {
    endSession();
    postToPage({ type: "ask-identity" });
  }
  return isOver;
}

/** The friend's code, for the body of requests that can bind it. */
export const friendCode = () => state.ref ? { referral_code: state.ref } : {};
