// The panel: the balance above, one section, five tabs below; for guests one page and two buttons.

import { h, lay, type Child } from "./draw";
import { TABS, type Tab } from "../messages";
import { boot, query } from "./boot";
import { underWay } from "./coupons";
import { Guest, GuestBar } from "./guest";
import { listen, page, tell } from "./host";
import { kit } from "./kit";
import { Do, Icon, Title, Toast, rich } from "./parts";
import { act, choose, guest, load, signOut, vouch, whenLoaded } from "./session";
import { drawWith, go, set, state } from "./state";
import * as store from "./store";
import { Earn } from "./tabs/earn";
import { MyBalance } from "./tabs/my_balance";
import { MyRewards } from "./tabs/my_rewards";
import { Redeem } from "./tabs/redeem";
import { Referral } from "./tabs/referral";
import { deeds, equip } from "./wishes";
import { program, t } from "./words";

const root = document.documentElement;
const SECTIONS: Record<Tab, () => Child> = { earn: Earn, redeem: Redeem, my_rewards: MyRewards, referral: Referral, my_balance: MyBalance };

/** Arrows, Home and End move through the tabs, mirrored where the text is. */
function step(event: KeyboardEvent): void {
  const { key } = event;
  const by = (key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0) * (root.dir === "rtl" ? -1 : 1);
  const next = key === "Home" ? 0 : key === "End" ? 4 : by && (TABS.indexOf(state.tab) + by + 5) % 5;
  if (!by && !/Home|End/.test(key)) return;
  event.preventDefault();
  turn(TABS[next]!);
}

/** Shows a tab and stays with the keyboard on its button. */
function turn(tab: Tab): void {
  choose(tab);
  document.getElementById("t-" + tab)!.focus();
}

const Tabs = () => <nav><div class="bar" role="tablist" aria-label={program} onKeyDown={step}>
    {TABS.map((tab) => <button role="tab" id={"t-" + tab} aria-label={t("name_" + tab)} aria-selected={tab === state.tab}
      aria-controls={tab === state.tab ? "p" : undefined} tabIndex={tab === state.tab ? 0 : -1}
      onClick={() => turn(tab)}><Icon name={tab} /><span>{t("tab_" + tab)}</span></button>)}
</div></nav>;

/** Five rows of the coming shape, seen after 200 ms only. */
const Waiting = () => <div>
  <Title>{t("name_" + state.tab)}</Title>
  <div class="wait" role="status" aria-label={t("loading")}>
    {[1, 2, 3, 4, 5].map(() => <div class="row"><div><i class="sk" /><i class="sk s" /></div></div>)}
  </div>
</div>;

const Failed = () => <div role="alert">
  <Title>{t("no_connection")}</Title>
  <p class="m">{t("no_connection_more")}</p>
  <div class="wide"><Do look="go" run={() => choose(state.tab)}>{t("try_again")}</Do></div>
</div>;

const Section = () => {
  const Tab = SECTIONS[state.tab];
  return <section role="tabpanel" id="p" key={state.tab} aria-labelledby={"t-" + state.tab} tabIndex={0}>
    {state.failed ? <Failed /> : state.tab in state.parts && state.balance ? <Tab /> : <Waiting />}
  </section>;
};

const Header = () => {
  const { balance, who, failed } = state;
  const { status } = boot.program;
  return <header class="top">
    <div>
      <h1 class="m">{program}</h1>
      {!failed && <p class="sum">{who === "guest"
        ? <strong>{t(status === "draft" ? "coming_soon" : "welcome")}</strong>
        : balance ? rich("points", balance.available) : <b>–</b>}</p>}
    </div>
    <button class="icon" aria-label={t("close")} onClick={() => tell({ type: "close" })}><Icon name="close" /></button>
  </header>;
};

/** The sheet that is open, or the place of results. */
const Sheets = () => state.sheet ? state.deeds!.sheets[state.sheet.kind](state.sheet as never) : <Toast />;

function App() {
  const { who, view } = state;
  const { status } = boot.program;
  return [
    <Header />,
    who !== "guest" && <Tabs />,
    <main>
      {status !== "active" && <p class="notice m">{t("program_" + status)}</p>}
      {who !== "guest" ? <Section /> : view ? state.deeds!.views[view]() : <Guest />}
    </main>,
    who === "guest" && !view && status !== "draft" && <GuestBar />,
    <Sheets />,
  ];
}

/** The keyboard comes in from the page, at the first or the last thing that can be reached. */
function enter(last: boolean): void {
  const all = (document.querySelector("dialog") ?? document).querySelectorAll<HTMLElement>("a, button, input, summary, section");
  [...all].filter((node) => node.tabIndex >= 0 && node.checkVisibility()).at(last ? -1 : 0)?.focus();
}

const colours = new CSSStyleSheet();
const { light, dark } = boot.theme;
const vars = ({ accent, on_accent, ink }: typeof light) => `{--accent:${accent};--on-accent:${on_accent};--ink:${ink}}`;
colours.replaceSync(`:root:root${vars(light)}[data-theme=dark][data-theme=dark]${vars(dark)}`);
document.adoptedStyleSheets = [colours];

equip(kit);
drawWith(() => lay(document.body, [<App />]));
set({});
// without the file nobody follows, and My balance says less; the next answer tries again
whenLoaded(() => (underWay().length || state.tab === "my_balance") && deeds().then(({ follow }) => follow(), () => {}));

let shown = false;

listen((message) => {
  switch (message.type) {
    case "open": {
      const tab = TABS.find((name) => name === message.tab) ?? state.tab;
      if (message.focus) go({ tab, toast: "" });
      else set({ tab });
      if (state.who === "guest") guest();
      else if (shown) void load();
      shown = true;
      return;
    }
    case "identity": return void vouch(message.token, message.known);
    case "ref": return set({ ref: message.code });
    case "theme": return void (root.dataset.theme = message.theme);
    case "focus": return enter(message.last);
    case "applied": return state.deeds?.applied(message);
    case "logout": return void (store.get("") && act("logout", signOut));
  }
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !state.sheet) tell({ type: "close" });
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.who === "member") void load();
});

const vouched = query.get("identity") && page;
// a session got by the shop's word waits for it: somebody else may be logged in there by now
if (store.get("") && !(vouched && store.get(":sub"))) void load(window.first);
else if (vouched) setTimeout(() => { if (state.who === "wait") guest(); }, 4000);
else guest();

tell({ type: "ready", title: boot.program.name, close: t("close") });
