// Starting a session: by the shop's identity token, or by the panel's own forms.

import type { Session } from "../api";
import { postToPage } from "./host";
import { Refused, request } from "./http";
import { isOutdated, subjectOf } from "./identity";
import { loadTab } from "./loading";
import { endSession, friendCode } from "./session";
import { navigate, set, state } from "./state";
import * as store from "./store";

/** Starts a session; `subject` is the customer an identity token was about. */
export function startSession(session: Session, subject: string | null = null): void {
  store.put("", session.token);
  store.put(":sub", subject);
  if (session.referral) {
    state.ref = undefined;
    postToPage({ type: "ref-bound" });
  }
  // after a form, keyboard focus moves to the next heading
  (state.view ? navigate : set)({
    who: "member", member: session.member, view: undefined, email: "", left: false, tabData: {}, balance: undefined,
  });
  postToPage({ type: "event", name: "signed-in" });
  void loadTab();
}

let isJoining = false;

/** Joins again after leaving: needs a new identity token of the shop. */
export function joinAgain(): void {
  isJoining = true;
  postToPage({ type: "ask-identity" });
}

/** Signs in by the shop's identity token; null with `known` means that nobody is logged in there. */
export async function useIdentity(token: string | null, known: boolean): Promise<void> {
  const wasWaiting = store.get(":sub") && state.who !== "member";
  const subject = token && subjectOf(token);
  if (isOutdated(token, known)) endSession();
  if (token && (!store.get("") || store.get(":sub") !== subject)) {
    try {
      startSession(await request<Session>("session/identity", { token, join: isJoining, ...friendCode() }), subject);
    } catch (error) {
      set({ left: error instanceof Refused && error.facts.code === "left_program" });
    }
    isJoining = false;
  }
  if (!store.get("")) showGuest();
  else if (wasWaiting && state.who !== "member") void loadTab(window.first);
}

/** Shows the guest's page, scrolled to the tab that was requested. */
export function showGuest(): void {
  set({ who: "guest" });
  document.getElementById(state.tab)?.scrollIntoView();
}
