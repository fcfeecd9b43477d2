// The sheet for the date of birth.

import type { BirthdaySet } from "../../api";
import { Field, Form, type Typed } from "../forms/form";
import { request } from "../http";
import { h } from "../render";
import { set, showToast, state } from "../state";
import { t } from "../words";
import { CancelButton, Sheet } from "./sheet";

async function saveBirthday(typed: Typed): Promise<void> {
  const { member, rule } = await request<BirthdaySet>("earn/birthday", typed);
  const earn = state.tabData.earn!.map((old) => old.id === rule?.id ? rule : old);
  set({ member, tabData: { ...state.tabData, earn }, sheet: undefined });
  showToast(t("done"));
}

export const BirthdaySheet = () => <Sheet title={t("earn_birthday")}>
  <Form place="birthday" submit={t("save")} run={saveBirthday}>
    <Field name="birthday" type="date" max={new Date().toISOString().slice(0, 10)} autocomplete="bday" />
  </Form>
  <div class="wide"><CancelButton /></div>
</Sheet>;
