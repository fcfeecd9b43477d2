// The editor of the widget: the preview follows what is typed, the colour can be picked, and a proposal taken.
// Without this the button "Preview" sends the form to the frame.

const PAUSE_MS = 300;

const form = document.querySelector<HTMLFormElement>("form[data-previews]");
const button = form?.querySelector<HTMLButtonElement>("button[formtarget]");
const colour = form?.querySelector<HTMLInputElement>("[name=colour]");
const picker = form?.querySelector<HTMLInputElement>("[data-picks]");
let pause: ReturnType<typeof setTimeout> | undefined;

/** Shows the draft in a fresh frame: a frame that is sent to again would add a step to the browser's history. */
function show(): void {
  const frame = form?.querySelector("iframe");
  if (!frame || !button) return;
  const fresh = frame.cloneNode() as HTMLIFrameElement;
  fresh.removeAttribute("src");
  frame.replaceWith(fresh);
  form?.requestSubmit(button);
}

function set(value: string): void {
  if (!colour) return;
  colour.value = value;
  colour.dispatchEvent(new Event("input", { bubbles: true }));
}

form?.addEventListener("input", ({ target }) => {
  if (target === picker) return;
  if (target === colour && picker && /^#[\da-f]{6}$/i.test(colour!.value)) picker.value = colour!.value;
  clearTimeout(pause);
  pause = setTimeout(show, PAUSE_MS);
});
if (picker) {
  picker.hidden = false;
  picker.addEventListener("input", () => set(picker.value));
}
form?.addEventListener("click", (event) => {
  const taken = (event.target as Element).closest<HTMLButtonElement>("button[data-takes]");
  if (!taken) return;
  event.preventDefault();
  set(taken.value);
  colour?.focus();
});
if (button) button.hidden = true;

export {};
