// A fragment that arrives while a button is pressed waits for the release: it could move the button away.

import htmx from "htmx.org";

type Context = Parameters<typeof htmx.swap>[0];

export function presses(): void {
  let pressed = false;
  let waiting: Context[] = [];

  const released = (): void => {
    pressed = false;
    const arrived = waiting;
    waiting = [];
    for (const context of arrived) void htmx.swap(context);
  };
  document.addEventListener("pointerdown", () => { pressed = true; });
  // a task later: the click comes after the release, where the press began
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { setTimeout(released); });
  document.addEventListener("htmx:before:swap", (event) => {
    if (!pressed) return;
    event.preventDefault();
    waiting.push((event as CustomEvent<{ ctx: Context }>).detail.ctx);
  });
}
