// The shopper's actions: the sign-in forms, the sheets, and actions without either. One file, fetched with its texts
// when the first of them is needed (lazy_files.ts).

import { CodeForm, ForgotForm, LogInForm, NewPasswordForm, PasswordForm } from "./forms/log_in";
import { SignUpForm } from "./forms/sign_up";
import type { Child } from "./render";
import { BirthdaySheet } from "./sheets/birthday";
import { FriendCodeSheet, ReplySheet } from "./sheets/friend_code";
import { LeaveSheet } from "./sheets/leave";
import { ConfirmSheet, DoneSheet } from "./sheets/redeem";
import { TillSheet } from "./sheets/till";
import { VerifyEmailSheet } from "./sheets/verify_email";
import type { Sheet, View } from "./state";
import { addStyles } from "./styles";
import form from "./styles/form.css";
import qr from "./styles/qr.css";
import sheet from "./styles/sheet.css";

addStyles(form, sheet, qr);

export { followCoupons } from "./follow_coupons";
export { reasonText } from "./history_reasons";
export { loadMore } from "./load_more";
export { Notices } from "./notices";
export { downloadData, shareLink } from "./own_data";
export { returnCoupon } from "./return_coupon";
export { openConfirm } from "./sheets/redeem";
export { openTill, Qr } from "./sheets/till";
export { couponApplied, useCoupon } from "./use_coupon";

export const VIEWS: Record<View, () => Child> = {
  log_in: LogInForm,
  password: PasswordForm,
  sign_up: SignUpForm,
  code: CodeForm,
  forgot: ForgotForm,
  new_password: NewPasswordForm,
};

type Sheets = { [Kind in Sheet["kind"]]: (sheet: Extract<Sheet, { kind: Kind }>) => Child };

export const SHEETS = {
  confirm: ConfirmSheet,
  done: DoneSheet,
  birthday: BirthdaySheet,
  friend_code: FriendCodeSheet,
  verify: VerifyEmailSheet,
  leave: LeaveSheet,
  reply: ReplySheet,
  till: TillSheet,
} satisfies Sheets;
