// The sheet for a friend's code.

import type { Referral } from "../../api";
import { Field, Form, type Typed } from "../forms/form";
import { request } from "../http";
import { h } from "../render";
import { set, showToast, state } from "../state";
import { t } from "../words";
import { CancelButton, Sheet } from "./sheet";

async function bindCode(typed: Typed): Promise<void> {
  const referral = await request<Referral>("referral/code", typed);
  set({ tabData: { ...state.tabData, referral }, sheet: undefined });
  showToast(t("done"));
}

export const FriendCodeSheet = () => <Sheet title={t("friend_code")}>
  <Form place="friend" submit={t("use_code")} run={bindCode}>
    <Field name="code" dir="ltr" autocapitalize="characters" autocomplete="off" value={state.ref ?? ""} />
  </Form>
  <div class="wide"><CancelButton /></div>
</Sheet>;
