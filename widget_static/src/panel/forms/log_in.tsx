// Logging in: by a code or a password, and a new password.

import { h } from "../render";
import { friendCode } from "../session";
import { t } from "../words";
import { CodeField, EmailField, Form, FormPage, PasswordField } from "./form";
import { lastChallenge, mailCode, ResendButton, signIn } from "./mailed_code";

export const LogInForm = () => <FormPage view="log_in" title={t("log_in")} others={["password", "back"]}>
  <Form place="form" submit={t("send_code")} run={({ email }) => mailCode("code", { email }, "code")}>
    <EmailField />
  </Form>
</FormPage>;

export const PasswordForm = () => <FormPage view="password" title={t("log_in")} others={["log_in", "forgot", "back"]}>
  <Form place="form" submit={t("log_in")} run={(typed) => signIn("sign-in", { ...typed, ...friendCode() })}>
    <EmailField /><PasswordField />
  </Form>
</FormPage>;

export const CodeForm = () => <FormPage view="code" title={t("title_code")} others={["back"]}>
  <Form place="form" submit={t("confirm_code")} run={({ code }) => signIn("confirm", { ...lastChallenge(), code })}>
    <CodeField />
  </Form>
  <ResendButton />
</FormPage>;

export const ForgotForm = () => <FormPage view="forgot" title={t("title_forgot")} others={["back"]}>
  <Form place="form" submit={t("send_code")} run={({ email }) => mailCode("reset", { email }, "new_password")}>
    <EmailField />
  </Form>
</FormPage>;

export const NewPasswordForm = () =>
  <FormPage view="new_password" title={t("title_new_password")} others={["back"]}>
    <Form place="form" submit={t("save")} run={(typed) => signIn("new-password", { ...lastChallenge(), ...typed })}>
      <CodeField /><PasswordField isNew />
    </Form>
    <ResendButton />
  </FormPage>;
