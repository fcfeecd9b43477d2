// In both documents of the preview, before the widget: it gets samples instead of responses, its storage ends with the
// document, nothing is sent, and no link leads away. The Content Security Policy forbids connections as well.

interface Samples { boot: { shop: { origins: string[] } }; words: object; member: Record<string, unknown> | null }
interface Leaving extends Event { destination: { url: string } }

const HERE = "/dashboard/widget/preview";
const text = (document.getElementById("samples") ?? parent.document.getElementById("samples"))?.textContent;
const samples = JSON.parse(text || "{}") as Samples;
const query = new URLSearchParams(location.search);
const stored = new Map<string, string>();
const storage = {
  getItem: (name: string) => stored.get(name) ?? null,
  setItem: (name: string, value: string) => void stored.set(name, value),
  removeItem: (name: string) => void stored.delete(name),
};

/** The sample for a request; null where the widget would change something. */
function sample(path: string): object | null {
  if (path === "/widget/words") return samples.words;
  if (path === "/widget/panel") return samples.member;
  return path === "/widget/earn/visit" ? { points: 0, balance: samples.member?.["balance"] } : null;
}

for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { value: storage });
window.fetch = (address) => {
  const found = sample(new URL(String(address), location.href).pathname);
  const refused = { error: { code: "preview", message: "", field: null, needs: null, has: null } };
  return Promise.resolve(Response.json(found ?? refused, { status: found ? 200 : 409 }));
};
(window as { navigation?: EventTarget }).navigation?.addEventListener("navigate", (event) => {
  const { destination } = event as Leaving;
  if (!new URL(destination.url).pathname.startsWith(HERE)) event.preventDefault();
});

// the owner goes on typing in the form while the panel opens
const { focus } = HTMLElement.prototype;
HTMLElement.prototype.focus = function (options) {
  if (document.hasFocus()) focus.call(this, options);
};

document.getElementById("still")?.remove();
const boot = document.getElementById("boot");
if (boot) {
  samples.boot.shop.origins = [location.origin];
  boot.textContent = JSON.stringify(samples.boot);
  if (samples.member) {
    stored.set("loyalty:" + query.get("shop"), "preview");
    (window as { first?: Promise<Response> }).first = fetch("/widget/panel");
  }
}

export {};
