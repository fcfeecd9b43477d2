// The launcher after the loader has drawn it: its states while the panel is open, its dot, the page's theme and path.

import type { Page } from "./page";

const SHEET = `
button.open { justify-content: center; }
button.open:before {
  background: currentcolor;
  clip-path: path("M5 3.5l5 5 5-5L16.5 5l-5 5 5 5-1.5 1.5-5-5-5 5L3.5 15l5-5-5-5z");
}
button.dot:after {
  content: ""; position: absolute; inset-block-start: -1px; inset-inline-end: 3px; width: 12px; height: 12px;
  border: 2px solid #fff; border-radius: 50%; background: #c62828;
}
@media (max-width: 480px) { button.open { display: none; } }
`;

export interface Launcher {
  theme(): "light" | "dark";
  /** Whether the launcher may be seen on this path. */
  visible(): boolean;
  set(open: boolean, close: string): void;
  dot(on: boolean, word: string): void;
}

/** Takes over the launcher; `themed` is called at each change of theme. */
export function launcher(page: Page, themed: (theme: string) => void): Launcher {
  const { button, root, config, signal } = page;
  const label = button.textContent!;
  const sheet = new CSSStyleSheet();
  const rules = [...root.adoptedStyleSheets[0]!.cssRules] as CSSStyleRule[];
  const { style } = rules.find((rule) => rule.selectorText === "button")!;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const theme = () => {
    const scheme = style.getPropertyValue("color-scheme").split(" ");
    return scheme.includes("dark") && (system.matches || !scheme.includes("light")) ? "dark" : "light";
  };
  const visible = () => !location.pathname.match(config.h);
  const paint = () => {
    style.display = visible() ? "flex" : "none";
    if (!config.s.includes("color-scheme")) {
      style.setProperty("color-scheme", document.documentElement.dataset.theme || "light dark");
    }
    themed(theme());
  };

  sheet.replaceSync(SHEET);
  root.adoptedStyleSheets.push(sheet);
  system.addEventListener("change", paint, { signal });
  addEventListener("popstate", paint, { signal });
  // pushState fires no event
  (window as { navigation?: EventTarget }).navigation?.addEventListener("currententrychange", paint, { signal });
  const watch = new MutationObserver(paint);
  // the page may have replaced the root element
  watch.observe(document, { subtree: true, attributeFilter: ["data-theme"] });
  signal.addEventListener("abort", () => watch.disconnect());

  return {
    theme,
    visible,
    set(open, close) {
      // the label changes, the position does not
      style.minWidth = open ? getComputedStyle(button).width : "";
      button.textContent = open ? close : label;
      button.ariaExpanded = String(open);
      button.classList.toggle("open", open);
      if (open) this.dot(false, "");
    },
    dot(on, word) {
      button.classList.toggle("dot", on);
      button.ariaLabel = on ? `${label}, ${word}` : null;
    },
  };
}
