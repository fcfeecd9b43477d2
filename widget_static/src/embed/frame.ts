// The panel's frame: a dialog in the launcher's shadow root. It opens, closes, keeps keyboard focus inside, reports
// a panel that cannot be fetched, and passes messages both ways: exact origin, exact window, exact shape.

import { read, TO_PAGE, type Message, type TO_PANEL } from "../messages";
import { escapes } from "./escape";
import { attachLauncher, frameAddress, hasIdentity, type Page } from "./page";
import type { Words } from "./words";

const PHONE = "(max-width: 480px)";
const PLACE = ["inset-inline-start", "inset-inline-end", "left", "right", "z-index"];

const sheetOf = (style: CSSStyleDeclaration) => {
  // the rule's `all: initial` sets every position property; only the launcher's own values count
  const place = PLACE.map((name) => [name, style.getPropertyValue(name)])
    .filter(([, value]) => value && value !== "initial").map(([name, value]) => `${name}: ${value};`).join("");
  return `
[hidden] { display: none !important; }
.panel, .panel :is(iframe, p, b) { all: initial; }
.panel :is(p, b, button) { color-scheme: inherit; }
.panel {
  position: fixed; ${place} bottom: calc(${style.bottom} + 68px);
  width: 400px; height: min(640px, 100dvh - ${style.bottom} - 92px); border-radius: 12px; overflow: hidden;
  background: light-dark(#fff, #16181c); box-shadow: 0 8px 40px #0f121638;
  font: 14px/20px system-ui, sans-serif; color: light-dark(#15181d, #f1f2f4);
}
.panel iframe { display: block; width: 100%; height: 100%; }
.panel > div { box-sizing: border-box; height: 100%; padding: 80px 20px 20px; }
.panel :is(p, b) { display: block; font: inherit; color: inherit; margin-bottom: 8px; }
.panel b { font: 600 20px/28px system-ui, sans-serif; }
.panel button {
  position: static; display: inline-flex; margin: 8px 8px 0 0; height: 44px; padding: 0 16px; border-radius: 8px;
  box-shadow: none; font-size: 14px;
}
.panel button:before { content: none; }
.panel button + button { background: none; border-color: #0000; color: inherit; }
i { position: fixed; }
@media print { .panel { display: none; } }
@media ${PHONE} { .panel { inset: 0; width: 100%; height: 100%; border-radius: 0; } }
`;
};

type ToPanel = Message<typeof TO_PANEL>;
type ToPage = Message<typeof TO_PAGE>;

export interface Frame {
  readonly open: boolean;
  /** Opens on a tab (null: where it was). With `focus` false the keyboard focus stays where it is. */
  show(tab: string | null, focus: boolean): void;
  hide(): void;
  /** Sends now, or as soon as the panel is ready; creates the frame when there is none. */
  send(message: ToPanel): void;
  /** Whether the panel is loaded and can receive messages. */
  readonly ready: boolean;
}

interface Needs {
  page: Page;
  words: Words;
  theme(): string;
  handle(message: ToPage): void;
  changed(open: boolean): void;
}

/** The frame, created when first needed. */
export function panelFrame({ page, words, theme, handle, changed }: Needs): Frame {
  const { root, button, signal } = page;
  const phone = matchMedia(PHONE);
  const label = button.textContent!;
  const dialog = document.createElement("div");
  const iframe = document.createElement("iframe");
  const errorBox = document.createElement("div");
  const edges = [document.createElement("i"), document.createElement("i")] as const;
  const waiting: ToPanel[] = [];
  let open = false;
  let made = false;
  /** The tab that was requested last. */
  let lastTab: string | null = null;
  /** The window that posted "ready". A removed frame has none; one that was inserted again has a new one. */
  let readyWindow: unknown;
  let opener: HTMLElement | null = null;

  const isReady = () => !!readyWindow && readyWindow === iframe.contentWindow;
  const post = (message: ToPanel) => iframe.contentWindow?.postMessage(message, page.origin);
  const fetchPanel = (tab: string | null) => {
    readyWindow = null;
    dialog.style.colorScheme = theme();
    errorBox.hidden = true;
    iframe.hidden = false;
    const identity = hasIdentity(page) ? "1" : "";
    iframe.src = frameAddress(page, page.config.p ?? "/panel", { theme: theme(), tab: tab ?? "", identity });
  };

  const make = (tab: string | null) => {
    made = true;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(sheetOf(launcherStyle(root)));
    root.adoptedStyleSheets.push(sheet);
    dialog.className = "panel";
    dialog.role = "dialog";
    dialog.ariaLabel = iframe.title = label;
    dialog.hidden = !open;
    // where the feature is missing, the browser warns about its name
    iframe.allow = "share" in navigator ? "clipboard-write; web-share" : "clipboard-write";
    iframe.onload = () => {
      // the panel's script posts "ready" before its document has loaded: without a message there is no panel
      if (!isReady()) setTimeout(() => { if (!isReady()) fail(); }, 500);
    };
    fillErrorBox(errorBox, words, () => fetchPanel(tab), hide);
    for (const [at, edge] of edges.entries()) {
      edge.tabIndex = 0;
      edge.hidden = !open;
      edge.onfocus = (event) => turn(at === 0, event.relatedTarget);
    }
    dialog.append(iframe, errorBox);
    root.prepend(edges[0], dialog);
    root.append(edges[1]);
    fetchPanel(tab);
  };
  const fail = () => {
    iframe.hidden = true;
    errorBox.hidden = false;
    if (open) (errorBox.querySelector("button") as HTMLElement).focus();
  };

  /** The Tab key left the widget at one end: focus continues at the other. */
  const turn = (atStart: boolean, from: EventTarget | null) => {
    const launcherSeen = button.checkVisibility();
    if (atStart && launcherSeen && from) button.focus();
    else if (!atStart && !launcherSeen && !from) enter(true);
    else enter(atStart && !!from);
  };
  const enter = (last: boolean) => {
    if (errorBox.hidden) {
      iframe.focus();
      if (isReady()) post({ type: "focus", last });
    } else (errorBox.querySelector("button") as HTMLElement).focus();
  };

  const set = (value: boolean) => {
    open = value;
    dialog.hidden = !open;
    dialog.ariaModal = String(phone.matches);
    for (const edge of edges) edge.hidden = !open;
    changed(open);
  };
  const show = (tab: string | null, focus: boolean) => {
    const from = (root.activeElement ?? document.activeElement) as HTMLElement | null;
    if (focus && from !== iframe) opener = from;
    if (focus) attachLauncher(page);
    lastTab = tab ?? lastTab;
    set(true);
    if (!made) make(tab);
    if (isReady()) post({ type: "open", tab, focus });
    else waiting.push({ type: "open", tab, focus });
    if (focus) iframe.focus();
  };
  const hide = () => {
    if (!open) return;
    const inside = dialog.contains(root.activeElement) || edges.includes(root.activeElement as HTMLElement);
    set(false);
    if (inside) (opener?.isConnected && opener !== document.body ? opener : button).focus();
  };

  addEventListener("message", (event) => {
    if (event.source !== iframe.contentWindow || event.origin !== page.origin) return;
    const message = read(TO_PAGE, event.data);
    if (!message) return;
    if (message.type === "ready") {
      readyWindow = event.source;
      errorBox.hidden = true;
      iframe.hidden = false;
      dialog.ariaLabel = iframe.title = message.title;
    }
    handle(message);
    if (message.type !== "ready") return;
    // the page removed the frame and it was loaded again: it opens where it was
    if (open && !waiting.some(({ type }) => type === "open")) {
      waiting.push({ type: "theme", theme: theme() }, { type: "open", tab: lastTab, focus: false });
    }
    waiting.splice(0).forEach(post);
  }, { signal });
  escapes(page, hide);

  return {
    get open() { return open; },
    get ready() { return isReady(); },
    show,
    hide,
    send(message) {
      if (isReady()) return post(message);
      waiting.push(message);
      if (!made) make(null);
    },
  };
}

/** The loader's CSS rule for the launcher, which has its position and z-index. */
function launcherStyle(root: ShadowRoot): CSSStyleDeclaration {
  const rules = [...root.adoptedStyleSheets[0]!.cssRules] as CSSStyleRule[];
  return rules.find((rule) => rule.selectorText === "button")!.style;
}

/** Shown instead of the panel when it cannot be fetched. */
function fillErrorBox(box: HTMLElement, words: Words, retry: () => void, close: () => void): void {
  box.role = "alert";
  box.hidden = true;
  for (const [name, text] of [["b", words.no_connection], ["p", words.no_connection_more]] as const) {
    const line = document.createElement(name);
    line.textContent = text;
    box.append(line);
  }
  for (const [text, run] of [[words.try_again, retry], [words.close, close]] as const) {
    const press = document.createElement("button");
    press.textContent = text;
    press.onclick = run;
    box.append(press);
  }
}
