// Escape closes the panel, unless it would close an open dialog of the shop's page.

import type { Page } from "./page";

/** Elements that shops close by Escape; hidden ones do not count. */
const DIALOGS =
  ":is(dialog, :popover-open, [role=dialog], [role=alertdialog], [aria-modal=true]):not([aria-hidden=true], [inert])";

const isSeen = (element: Element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

/** Whether the key was pressed in a dialog of the page, or anywhere on the page while one is open. */
function isTheirs(event: Event, host: Element): boolean {
  const way = event.composedPath();
  if (way.includes(host)) return false;
  const inside = way.filter((target) => target instanceof Element && target.matches(DIALOGS)) as Element[];
  return [...inside, ...document.querySelectorAll(DIALOGS)].some(isSeen);
}

/** Calls `close` for each Escape that is meant for the panel. */
export function escapes({ root, signal }: Page, close: () => void): void {
  let theirs = false;
  // checked in the capture phase: when the event bubbles up, the page may have closed its dialog already
  addEventListener("keydown", (event) => {
    theirs = event.key === "Escape" && isTheirs(event, root.host);
  }, { signal, capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !theirs) close();
  }, { signal });
}
