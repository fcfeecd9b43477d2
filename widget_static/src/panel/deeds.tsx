// What a shopper does, apart from looking: signs in or up, redeems, uses a code or returns it, shares, downloads the data, leaves.
// A file of its own, fetched at the first such wish. What is typed here stays in this frame.

import type { Application, BirthdaySet, Challenge, Coupon, CouponPage, HistoryRow, Member, Redemption, Referral, Reward, Session } from "../api";
import type { Child } from "./draw";
import type { Kit } from "./kit";
import type { Deeds, View } from "./state";

const AGAIN_MS = 30e3;
const CART_MS = 15e3;
const WAITS_MS = [1e3, 2e3, 4e3, 8e3];

type Typed = Record<string, string>;
type Answer = { how: string; reason: string | null };

export default function deeds([
  act, ask, begin, closeSheet, Code, copy, date, Do, Facts, facts, forget, friend, go, h, lastDay, list, load, minimum, money, Note, num, own, points,
  program, put, requestKey, rewardName, set, Sheet, span, standing, state, t, store, tell, Title, toast, underWay, UseIt,
]: Kit): Deeds {
  let challenge = "";
  /** Asks for the last code once more. */
  let mailAgain: () => Promise<void> = async () => {};

  /** A field with its label above and its refusal below. */
  const Field = ({ name, ...more }: { name: string; [attribute: string]: unknown }) => {
    const bad = state.note?.field === name && state.note.text;
    return <div>
      <label for={name}>{t("field_" + name)}</label>
      <input class="in" id={name} name={name} aria-invalid={bad ? true : null} aria-describedby={bad ? name + "-no" : null} {...more} />
      {bad && <p class="bad" id={name + "-no"} role="alert">{bad}</p>}
    </div>;
  };

  /** A form with one main button; `run` gets what was typed. */
  const Form = ({ at, label, run, children, look = "go" }:
    { at: string; label: string; look?: string; run: (typed: Typed) => unknown; children?: Child }) =>
    <form novalidate onSubmit={async (event) => {
      event.preventDefault();
      const typed = Object.fromEntries(new FormData(event.currentTarget)) as Typed;
      await act(at, () => run(typed));
      document.querySelector<HTMLElement>("[aria-invalid]")?.focus();
    }}>
      {children}
      <Note at={at} />
      <div class="wide"><button class={"btn " + look} aria-disabled={state.busy === at}>{t(label)}</button></div>
    </form>;

  const Email = () => <Field name="email" type="email" autocomplete="email" dir="ltr" value={state.email} />;
  const Password = ({ fresh }: { fresh?: boolean }) =>
    <Field name="password" type="password" dir="ltr" autocomplete={fresh ? "new-password" : "current-password"} />;
  const CodeField = () => [
    <p class="m">{t("code_mailed", { email: own(state.email) })}</p>,
    // eight digits of the mail, or sixteen in groups of four of the page behind its link
    <Field name="code" dir="ltr" inputmode="numeric" autocomplete="one-time-code" maxlength="19" />,
  ];
  const Birthday = () => <Field name="birthday" type="date" max={new Date().toISOString().slice(0, 10)} autocomplete="bday" />;

  /** Sends a code by mail and leads to where it is typed. */
  async function mail(path: string, body: Record<string, unknown>, view: View): Promise<void> {
    mailAgain = async () => {
      challenge = (await ask<Challenge>("session/" + path, body)).challenge;
      set({ mailed: Date.now() });
      setTimeout(() => set({}), AGAIN_MS);
    };
    await mailAgain();
    go({ view, email: String(body["email"]) });
  }
  /** Signs in; the device's token stays here after signing out, so that its owner is known and strangers' tries do not count against them. */
  const enter = async (path: string, body: object) => {
    const session = await ask<Session>("session/" + path, { ...body, device: store.get(":device") });
    store.put(":device", session.device);
    begin(session);
  };

  /** Sends the code once more; not before half a minute has passed. */
  const Again = () => <Do at="again" look="txt" off={Date.now() - state.mailed < AGAIN_MS} run={async () => {
    await mailAgain();
    toast(t("code_sent"));
  }}>{t("code_again")}</Do>;

  /** Another way to the same; what was typed as e-mail comes along. */
  const Way = ({ to }: { to: View | "back" }) => <Do look="txt" run={() => go({
    email: document.querySelector<HTMLInputElement>("#email")?.value ?? state.email,
    view: to === "back" ? undefined : to,
  })}>{t("to_" + to)}</Do>;

  const page = (view: View, form: () => Child, ...ways: (View | "back")[]) => () => <section key={view}>
    <Title>{t("title_" + view, { program }) || t("log_in")}</Title>
    {form()}
    <div class="wide">{ways.map((to) => <Way to={to} />)}</div>
  </section>;

  const mailed = (form: () => Child) => () => [form(), <div class="wide"><Again /></div>, <Note at="again" />];

  /** Puts a coupon's new state into the list, where it is fetched. */
  function replace(coupon: Coupon): void {
    const page = state.parts.my_rewards;
    if (page) set({ parts: { ...state.parts, my_rewards: { ...page, coupons: page.coupons.map((old) => old.id === coupon.id ? coupon : old) } } });
  }

  /** The tab on screen; what the others say of the points is no longer so. */
  const shown = () => ({ [state.tab]: state.parts[state.tab] });
  const wanted = (reward: Reward, cost: number) => ({ reward_id: reward.id, ...(reward.sliding ? { points: cost } : {}) });
  const Cancel = () => <Do look="txt" run={closeSheet}>{t("cancel")}</Do>;
  const redeem = (reward: Reward, cost: number, what: string) =>
    set({ sheet: { kind: "confirm", reward, cost, what, request: requestKey("redeem" + JSON.stringify(wanted(reward, cost))) } });
  /** Which following is the last: an earlier one ends. */
  let round = 0;
  let answered = (_answer: Answer) => {};

  const views: Deeds["views"] = {
    log_in: page("log_in", () => <Form at="form" label="send_code" run={({ email }) => mail("code", { email }, "code")}><Email /></Form>, "password", "back"),
    password: page("password", () => <Form at="form" label="log_in" run={(typed) => enter("sign-in", { ...typed, ...friend() })}><Email /><Password /></Form>,
      "log_in", "forgot", "back"),
    sign_up: page("sign_up", () => <Form at="form" label="sign_up" run={({ email, name, password, news }) =>
      mail("sign-up", { email, name: name || null, password: password || null, accepts_marketing: !!news, ...friend() }, "code")}>
      <Email />
      <Field name="name" autocomplete="name" />
      <Password fresh />
      <p class="m">{t("password_optional")}</p>
      <label class="tick"><input type="checkbox" name="news" />{t("field_news")}</label>
    </Form>, "log_in", "back"),
    code: page("code", mailed(() => <Form at="form" label="confirm_code" run={({ code }) => enter("confirm", { challenge, code })}><CodeField /></Form>), "back"),
    forgot: page("forgot", () => <Form at="form" label="send_code" run={({ email }) => mail("reset", { email }, "new_password")}><Email /></Form>, "back"),
    new_password: page("new_password", mailed(() =>
      <Form at="form" label="save" run={(typed) => enter("new-password", { challenge, ...typed })}><CodeField /><Password fresh /></Form>), "back"),
  };

  const sheets: Deeds["sheets"] = {
    confirm: ({ reward, cost, what, request }) => {
      const { collections, combines, expires_after_days: days, minimum_subtotal: subtotal } = reward;
      return <Sheet title={t("confirm", { what })}>
        <Facts of={[
          [t("cost"), points(cost)],
          [t("left_after"), points(state.balance!.available - cost)],
          [t("minimum"), minimum(subtotal) ? money(subtotal!) : t("none")],
          [t("applies_to"), list(collections) || null],
          [t("combines"), t(combines ? "yes" : "no")],
          [t("code_expires"), days === null ? t("never") : t("days_later", { days: span(days, "day"), date: date(Date.now() + days * 864e5) })],
        ]} />
        <Note at="redeem" />
        <div class="wide">
          <Do at="redeem" look="go" run={async () => {
            try {
              const { coupon, balance } = await ask<Redemption>("redeem", wanted(reward, cost), request);
              set({ balance, sheet: { kind: "done", coupon }, parts: shown(), chosen: {} });
            } catch (no) {
              // a refusal spends the key, a lost answer keeps it
              if (state.sheet) redeem(reward, cost, what);
              throw no;
            }
            tell({ type: "event", name: "redeemed" });
            void load();
          }}>{t("redeem_points", { n: cost })}</Do>
          <Cancel />
        </div>
      </Sheet>;
    },
    done: ({ coupon }) => {
      const { code, status, expires_at: end } = coupon;
      const what = rewardName(coupon);
      const ready = status === "active" && code;
      return <Sheet title={ready ? t("yours", { what }) : what}>
        <p class="m">{ready ? [end && t("expires", { date: lastDay(end) }) + ". ", t("kept_there")] : standing(coupon)}</p>
        <div class="wide">
          {ready && [<Code text={ready} label={t("copy_code", { code: ready })} />, <UseIt coupon={coupon} />]}
          <Do look="txt" run={closeSheet}>{t(ready ? "later" : "close")}</Do>
        </div>
      </Sheet>;
    },
    birthday: () => <Sheet title={t("earn_birthday")}>
      <Form at="birthday" label="save" run={async (typed) => {
        const { member, rule } = await ask<BirthdaySet>("earn/birthday", typed);
        const earn = state.parts.earn!.map((old) => old.id === rule?.id ? rule : old);
        set({ member, parts: { ...state.parts, earn }, sheet: undefined });
        toast(t("done"));
      }}><Birthday /></Form>
      <div class="wide"><Cancel /></div>
    </Sheet>,

    friend_code: () => <Sheet title={t("friend_code")}>
      <Form at="friend" label="use_code" run={async (typed) => {
        set({ parts: { ...state.parts, referral: await ask<Referral>("referral/code", typed) }, sheet: undefined });
        toast(t("done"));
      }}><Field name="code" dir="ltr" autocapitalize="characters" autocomplete="off" value={state.ref ?? ""} /></Form>
      <div class="wide"><Cancel /></div>
    </Sheet>,

    verify: () => <Sheet title={t("title_verify")}>
      <Form at="verified" label="confirm_code" run={async ({ code }) => {
        const member = await ask<Member>("session/verification/confirm", { challenge, code });
        set({ member, sheet: undefined, parts: {} });
        toast(t("done"));
        void load();
      }}><CodeField /></Form>
      <div class="wide"><Cancel /></div>
    </Sheet>,

    leave: () => <Sheet title={t("leave_confirm", { program })}>
      <p class="m">{t("leave_more", { n: state.balance!.available })}</p>
      <Note at="leave" />
      <div class="wide">
        <Do at="leave" look="go" run={async () => {
          await ask("my-balance/leave", {});
          forget();
          go({});
          toast(t("left"));
        }}>{t("leave", { program })}</Do>
        <Cancel />
      </div>
    </Sheet>,
  };

  /** "€84.60 of goods × 10 points = 846, rounded down. Shipping is not counted." */
  function why({ points: signed, reason, why: facts, due_at }: HistoryRow, bought: string): string {
    const { base, rate, multiplier, rounding, capped, wait_days: days } = facts;
    const n = Math.abs(signed);
    const factor = +(multiplier ?? 1);
    const words = t("why_" + reason.code, { n, title: bought });
    const sum = rate && base ? t("why_sum", {
      base: money(base),
      rate: +rate.per === 1 ? points(rate.points) : t("rate", { points: points(rate.points), money: money(rate.per) }),
      factor: factor === 1 ? "" : " × " + num(factor),
      total: num(n),
      rounding: +base / +rate.per * rate.points * factor !== n && rounding && !capped ? ", " + t("round_" + rounding) : "",
    }) : "";
    return [
      sum, sum && t(facts.includes_shipping ? "with_shipping" : "without_shipping"), words || sum || t("why_rule", { n }), capped && t("capped"),
      due_at && (days ? t("waits_days", { days: span(days, "day") }) : t("waits")),
    ].filter((text, at, all) => text && all.indexOf(text) === at).join(" ");
  }

  /** Mails a code to the member's own address, which nobody has verified yet. */
  async function verify(): Promise<void> {
    challenge = (await ask<Challenge>("session/verification", {})).challenge;
    set({ email: state.member!.email!, sheet: { kind: "verify" } });
  }

  function notices(): Child {
    const { member, parts } = state;
    const orders = parts.my_balance!.orders_without_points;
    return [
      member!.can_verify_email && <div class="card">
        <p class="m">{t("verify_email", { email: own(member!.email!) })}</p>
        <div class="wide"><Do at="verify" run={verify}>{t("send_code")}</Do></div>
        <Note at="verify" />
      </div>,
      orders.length > 0 && [<h3>{t("orders_without_points")}</h3>, <ul>{orders.map((order) => <li class="row"><div>
        <p class="t">{t("row_order", { order: own(order.number) })}</p>
        <p class="m">{facts(date(order.placed_at), t("nothing_" + order.reason))}</p>
      </div></li>)}</ul>],
    ];
  }

  return {
    views,
    notices,
    why,
    sheets,
    redeem,
    async use(coupon) {
      const { id, code } = coupon;
      // first of all: the page may be left for its cart
      const copied = await put(code!);
      const path = `my-rewards/${id}/apply`;
      const { url } = await ask<Application>(path, { in_cart: false });
      const answer = new Promise<Answer>((resolve) => {
        answered = resolve;
        setTimeout(resolve, CART_MS, { how: "refused", reason: null });
      });
      tell({ type: "apply", code: code!, url });
      const { how, reason } = await answer;
      if (how === "applied") {
        replace((await ask<Application>(path, { in_cart: true })).coupon);
        return toast(t("in_cart"));
      }
      const text = facts(copied && t("copied"), t("cart_" + how));
      if (how !== "refused") return toast(text);
      set({ note: { at: "use" + id, field: null, text: reason ? own(reason) + " " + t("code_stays") : text } });
    },
    applied: (answer) => answered(answer),
    async giveBack(coupon) {
      const given = await ask<Redemption>(`my-rewards/${coupon.id}/return`, {});
      replace(given.coupon);
      set({ balance: given.balance, parts: shown() });
      // where the shop has to end the code first, the points come a little later
      if (given.coupon.status === "returned") toast(t("plus", { n: coupon.cost_points }));
      else void load();
    },
    async follow() {
      const mine = ++round;
      const token = store.get("");
      for (const wait of WAITS_MS) {
        if (!underWay().length) return;
        await new Promise((awake) => setTimeout(awake, wait));
        // who looks elsewhere is told on coming back, when all is loaded anew
        if (mine !== round || document.hidden) return;
        const page = await ask<CouponPage>("my-rewards").catch(() => null);
        if (mine !== round || token !== store.get("")) return;
        const fresh = (old: Coupon) => page?.coupons.find(({ id }) => id === old.id) ?? old;
        const before = new Set(underWay().map(fresh));
        const { parts, sheet } = state;
        const { my_rewards: list } = parts;
        set({
          parts: list ? { ...parts, my_rewards: { ...list, coupons: list.coupons.map(fresh) } } : parts,
          sheet: sheet?.kind === "done" ? { kind: "done", coupon: fresh(sheet.coupon) } : sheet,
        });
        const through = [...before].filter((coupon) => !underWay().includes(coupon));
        if (!through.length) continue;
        toast(through.map((coupon) => `${rewardName(coupon)}: ${t("status_" + coupon.status)}`).join(" · "));
        return load();
      }
    },
    async share(url, text) {
      try {
        await navigator.share({ text, url });
      } catch (no) {
        if ((no as Error).name !== "AbortError") await copy(url);
      }
    },
    async download() {
      const data = await ask<object>("my-balance/export");
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
      link.download = "loyalty.json";
      link.click();
      URL.revokeObjectURL(link.href);
    },
  };
}
