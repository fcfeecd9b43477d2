// Codes by mail: sending one, and sending it again. The challenge links a code to its request.

import type { Challenge, Session } from "../../api";
import { ActionButton, ActionError } from "../components";
import { request } from "../http";
import { h } from "../render";
import { startSession } from "../sign_in";
import { navigate, set, showToast, state, type View } from "../state";
import * as store from "../store";
import { t } from "../words";

const RESEND_MS = 30e3;

let challenge = "";
let resend: () => Promise<void> = async () => {};

/** The challenge of the last code, for the request that submits the code. */
export const lastChallenge = () => ({ challenge });

/** Requests a code by mail. Throws Refused. */
export async function requestCode(path: string, body: object): Promise<void> {
  challenge = (await request<Challenge>("session/" + path, body)).challenge;
}

/** Requests a code by mail and opens the form where it is typed. Throws Refused. */
export async function mailCode(path: string, body: Record<string, unknown>, view: View): Promise<void> {
  resend = async () => {
    await requestCode(path, body);
    set({ mailedAt: Date.now() });
    setTimeout(() => set({}), RESEND_MS);
  };
  await resend();
  navigate({ view, email: String(body["email"]) });
}

/**
 * Signs in. The device's token stays here after signing out, so that its owner is recognised and attempts by strangers
 * do not count against them. Throws Refused.
 */
export async function signIn(path: string, body: object): Promise<void> {
  const session = await request<Session>("session/" + path, { ...body, device: store.get(":device") });
  store.put(":device", session.device);
  startSession(session);
}

/** Sends the last code once more; not before half a minute has passed. */
export const ResendButton = () => [
  <div class="wide">
    <ActionButton place="again" look="txt" off={Date.now() - state.mailedAt < RESEND_MS} run={async () => {
      await resend();
      showToast(t("code_sent"));
    }}>{t("code_again")}</ActionButton>
  </div>,
  <ActionError place="again" />,
];
