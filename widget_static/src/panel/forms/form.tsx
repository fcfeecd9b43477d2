// A form, its fields, and the page around it. Values typed here stay in this frame.

import { runAction } from "../actions";
import { ActionButton, ActionError, Title } from "../components";
import { h, type Child } from "../render";
import { navigate, state, type View } from "../state";
import { isolate, t } from "../words";

export type Typed = Record<string, string>;

/** A field with its label above and its refusal below. */
export function Field({ name, ...attributes }: { name: string; [attribute: string]: unknown }) {
  const refusal = state.error?.field === name && state.error.text;
  return <div>
    <label for={name}>{t(`field_${name}`)}</label>
    <input class="in" id={name} name={name} aria-invalid={refusal ? true : null}
      aria-describedby={refusal ? name + "-no" : null} {...attributes} />
    {refusal && <p class="bad" id={name + "-no"} role="alert">{refusal}</p>}
  </div>;
}

export const EmailField = () => <Field name="email" type="email" autocomplete="email" dir="ltr" value={state.email} />;

export const PasswordField = ({ isNew }: { isNew?: boolean }) =>
  <Field name="password" type="password" dir="ltr" autocomplete={isNew ? "new-password" : "current-password"} />;

export const CodeField = () => [
  <p class="m">{t("code_mailed", { email: isolate(state.email) })}</p>,
  // eight digits of the mail, or sixteen in groups of four of the page behind its link
  <Field name="code" dir="ltr" inputmode="numeric" autocomplete="one-time-code" maxlength="19" />,
];

interface FormProps {
  place: string;
  submit: string;
  run: (typed: Typed) => unknown;
  children?: Child;
}

/** A form with one main button; `run` gets the typed values. */
export const Form = ({ place, submit, run, children }: FormProps) =>
  <form novalidate onSubmit={async (event) => {
    event.preventDefault();
    const typed = Object.fromEntries(new FormData(event.currentTarget)) as Typed;
    await runAction(place, () => run(typed));
    document.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }}>
    {children}
    <ActionError place={place} />
    <div class="wide"><button class="btn go" aria-disabled={state.busy === place}>{submit}</button></div>
  </form>;

/** Opens another form, or the guest's page; a typed e-mail is kept. */
const ViewButton = ({ to }: { to: View | "back" }) => <ActionButton look="txt" run={() => navigate({
  email: document.querySelector<HTMLInputElement>("#email")?.value ?? state.email,
  view: to === "back" ? undefined : to,
})}>{t(`to_${to}`)}</ActionButton>;

interface PageProps {
  view: View;
  title: string;
  /** The other forms that it leads to. */
  others: (View | "back")[];
  children?: Child;
}

/** A form's page, shown instead of the guest's page. */
export const FormPage = ({ view, title, others, children }: PageProps) => <section key={view}>
  <Title>{title}</Title>
  {children}
  <div class="wide">{others.map((other) => <ViewButton to={other} />)}</div>
</section>;
