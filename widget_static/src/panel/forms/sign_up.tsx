// Signing up.

import { h } from "../render";
import { friendCode } from "../session";
import { program, t } from "../words";
import { EmailField, Field, Form, FormPage, PasswordField, type Typed } from "./form";
import { mailCode } from "./mailed_code";

const signUp = ({ email, name, password, news }: Typed) => mailCode("sign-up", {
  email, name: name || null, password: password || null, accepts_marketing: !!news, ...friendCode(),
}, "code");

export const SignUpForm = () =>
  <FormPage view="sign_up" title={t("title_sign_up", { program })} others={["log_in", "back"]}>
    <Form place="form" submit={t("sign_up")} run={signUp}>
      <EmailField />
      <Field name="name" autocomplete="name" />
      <PasswordField isNew />
      <p class="m">{t("password_optional")}</p>
      <label class="tick"><input type="checkbox" name="news" />{t("field_news")}</label>
    </Form>
  </FormPage>;
