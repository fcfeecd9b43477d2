// Verifying the member's own address.

import type { Member } from "../../api";
import { CodeField, Form } from "../forms/form";
import { lastChallenge, requestCode } from "../forms/mailed_code";
import { request } from "../http";
import { loadTab } from "../loading";
import { h } from "../render";
import { set, showToast, state } from "../state";
import { t } from "../words";
import { CancelButton, Sheet } from "./sheet";

/** Mails a code to the address and opens the sheet where it is typed. Throws Refused. */
export async function startVerification(): Promise<void> {
  await requestCode("verification", {});
  set({ email: state.member!.email!, sheet: { kind: "verify" } });
}

async function confirm(code: string | undefined): Promise<void> {
  const member = await request<Member>("session/verification/confirm", { ...lastChallenge(), code });
  set({ member, sheet: undefined, tabData: {} });
  showToast(t("done"));
  void loadTab();
}

export const VerifyEmailSheet = () => <Sheet title={t("title_verify")}>
  <Form place="verified" submit={t("confirm_code")} run={({ code }) => confirm(code)}><CodeField /></Form>
  <div class="wide"><CancelButton /></div>
</Sheet>;
