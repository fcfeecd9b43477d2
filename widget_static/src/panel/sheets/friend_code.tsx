// The sheets of the Referral program: for a friend's code, and for a word on what was not counted.

import type { Referral } from "../../api";
import { Field, Form, type Typed } from "../forms/form";
import { request } from "../http";
import { h } from "../render";
import { set, showToast, state } from "../state";
import { t } from "../words";
import { CancelButton, Sheet } from "./sheet";

async function send(path: string, typed: Typed): Promise<void> {
  const referral = await request<Referral>(`referral/${path}`, typed);
  set({ tabData: { ...state.tabData, referral }, sheet: undefined });
  showToast(t("done"));
}

export const FriendCodeSheet = () => <Sheet title={t("friend_code")}>
  <Form place="friend" submit={t("use_code")} run={(typed) => send("code", typed)}>
    <Field name="code" dir="ltr" autocapitalize="characters" autocomplete="off" value={state.ref ?? ""} />
  </Form>
  <div class="wide"><CancelButton /></div>
</Sheet>;

export const ReplySheet = () => <Sheet title={t("uncounted")}>
  <Form place="friend" submit={t("confirm_code")}
    run={(typed) => send("reply", { ...typed, referral_id: state.tabData.referral!.uncounted!.referral_id })}>
    <Field name="text" maxlength="300" />
  </Form>
  <div class="wide"><CancelButton /></div>
</Sheet>;
