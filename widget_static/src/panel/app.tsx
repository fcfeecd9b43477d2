// The panel: the balance above, one section, a bar of tabs below; for guests one page and two buttons.

import { TABS, type Tab } from "../api";
import { runAction } from "./actions";
import { boot, query } from "./boot";
import { ActionButton, boldNumber, Icon, Title, Toast } from "./components";
import { pendingCoupons } from "./coupons";
import { Guest, GuestBar } from "./guest";
import { listen, pageOrigin, postToPage } from "./host";
import { fetchActions } from "./lazy_files";
import { loadTab, onLoaded, openTab } from "./loading";
import { h, render } from "./render";
import { signOut } from "./session";
import { showGuest, useIdentity } from "./sign_in";
import { navigate, renderWith, set, state } from "./state";
import * as store from "./store";
import { addStyles } from "./styles";
import { TAB_TABLE } from "./tabs";
import { program, t } from "./words";

const IDENTITY_MS = 4000;

const root = document.documentElement;

/** Arrow keys, Home and End move through the tabs; arrows are mirrored in right-to-left languages. */
function moveByKey(event: KeyboardEvent): void {
  const { key } = event;
  const step = (key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0) * (root.dir === "rtl" ? -1 : 1);
  const index = key === "Home" ? 0 : key === "End" ? -1 : step && (TABS.indexOf(state.tab) + step) % TABS.length;
  if (!step && !/Home|End/.test(key)) return;
  event.preventDefault();
  selectTab(TABS.at(index)!);
}

/** Opens a tab; keyboard focus stays on its button. */
function selectTab(tab: Tab): void {
  openTab(tab);
  document.getElementById("t-" + tab)!.focus();
}

function TabButton({ tab }: { tab: Tab }) {
  const isSelected = tab === state.tab;
  return <button role="tab" id={"t-" + tab} aria-label={t(`name_${tab}`)} aria-selected={isSelected}
    aria-controls={isSelected ? "p" : undefined} tabIndex={isSelected ? 0 : -1} onClick={() => selectTab(tab)}>
    <Icon name={TAB_TABLE[tab].icon} /><span>{t(`tab_${tab}`)}</span>
  </button>;
}

const TabBar = () => <nav><div class="bar" role="tablist" aria-label={program} onKeyDown={moveByKey}>
  {TABS.map((tab) => <TabButton tab={tab} />)}
</div></nav>;

/** A skeleton of five rows, which is shown only after 200 ms. */
const Waiting = () => <div>
  <Title>{t(`name_${state.tab}`)}</Title>
  <div class="wait" role="status" aria-label={t("loading")}>
    {[1, 2, 3, 4, 5].map(() => <div class="row"><div><i class="sk" /><i class="sk s" /></div></div>)}
  </div>
</div>;

const Failed = () => <div role="alert">
  <Title>{t("no_connection")}</Title>
  <p class="m">{t("no_connection_more")}</p>
  <div class="wide"><ActionButton look="go" run={() => openTab(state.tab)}>{t("try_again")}</ActionButton></div>
</div>;

function Section() {
  const { tab, tabData, balance, failed } = state;
  const { component: Content } = TAB_TABLE[tab];
  return <section role="tabpanel" id="p" key={tab} aria-labelledby={"t-" + tab} tabIndex={0}>
    {failed ? <Failed /> : tab in tabData && balance && Content ? <Content openTab={openTab} /> : <Waiting />}
  </section>;
}

function Sum() {
  const { balance, who } = state;
  const text = boot.program.status === "draft" ? t("coming_soon") : t("welcome");
  return <p class="sum">
    {who === "guest" ? <strong>{text}</strong> : balance ? boldNumber("points", balance.available) : <b>–</b>}
  </p>;
}

const close = () => postToPage({ type: "close" });

const Header = () => <header class="top">
  <div><h1 class="m">{program}</h1>{!state.failed && <Sum />}</div>
  <button class="icon" aria-label={t("close")} onClick={close}><Icon name="close" /></button>
</header>;

/** The sheet that is open, or the toast with results. */
const OpenSheet = () => state.sheet ? state.actions!.SHEETS[state.sheet.kind](state.sheet as never) : <Toast />;

function App() {
  const { who, view } = state;
  const { status } = boot.program;
  return [
    <Header />,
    who !== "guest" && <TabBar />,
    <main>
      {status !== "active" && <p class="notice m">{t(`program_${status}`)}</p>}
      {who !== "guest" ? <Section /> : view ? state.actions!.VIEWS[view]() : <Guest />}
    </main>,
    who === "guest" && !view && status !== "draft" && <GuestBar />,
    <OpenSheet />,
  ];
}

/** Keyboard focus enters from the page, at the first or the last focusable element. */
function takeFocus(last: boolean): void {
  const inside = document.querySelector("dialog") ?? document;
  const all = [...inside.querySelectorAll<HTMLElement>("a, button, input, summary, section")];
  all.filter((node) => node.tabIndex >= 0 && node.checkVisibility()).at(last ? -1 : 0)?.focus();
}

function addShopStyles(): void {
  const { light, dark, point } = boot.theme;
  const variables = ({ accent, on_accent, ink }: typeof light) =>
    `{--accent:${accent};--on-accent:${on_accent};--ink:${ink}}`;
  addStyles(`:root:root${variables(light)}[data-theme=dark][data-theme=dark]${variables(dark)}`, point ?? "");
}

/** Fetches the actions for the notices of My balance and for pending coupons; the panel also works without them. */
function followUp(): void {
  if (!pendingCoupons().length && state.tab !== "my_balance") return;
  fetchActions().then(({ followCoupons }) => followCoupons(), () => {});
}

let wasOpened = false;

function open(name: string | null, focus: boolean): void {
  const tab = TABS.find((one) => one === name) ?? state.tab;
  if (focus) navigate({ tab, toast: "" });
  else set({ tab });
  if (state.who === "guest") showGuest();
  else if (wasOpened) void loadTab();
  wasOpened = true;
}

addShopStyles();
renderWith(() => render(document.body, [<App />]));
set({});
onLoaded(followUp);

listen((message) => {
  switch (message.type) {
    case "open": return open(message.tab, message.focus);
    case "identity": return void useIdentity(message.token, message.known);
    case "ref": return set({ ref: message.code });
    case "theme": return void (root.dataset.theme = message.theme);
    case "focus": return takeFocus(message.last);
    case "applied": return state.actions?.couponApplied(message);
    case "logout": return void (store.get("") && runAction("logout", signOut));
  }
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !state.sheet) close();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && state.who === "member") void loadTab();
});

const isVouchedFor = query.get("identity") && pageOrigin;
// a session started by the shop's identity token waits for a new one: somebody else may be logged in there now
if (store.get("") && !(isVouchedFor && store.get(":sub"))) void loadTab(window.first);
else if (isVouchedFor) setTimeout(() => { if (state.who === "wait") showGuest(); }, IDENTITY_MS);
else showGuest();

postToPage({ type: "ready", title: boot.program.name, close: t("close") });
