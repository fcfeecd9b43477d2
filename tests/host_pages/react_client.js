// Hydrates the document after the pause that the address of this script names, and then draws it once more.
import { hydrateRoot } from "react-dom/client";
import { tree } from "./react_page.js";

const app = new URL(document.currentScript.src);
const widget = document.querySelector("script[src*='widget.js']").src;
const page = tree(widget, app.pathname + app.search);
window.recovered = [];
const hydrate = () => {
  const root = hydrateRoot(document, page, { onRecoverableError: (error) => window.recovered.push(String(error)) });
  setTimeout(() => {
    root.render(page);
    window.hydrated = true;
  }, 100);
};
const pause = Number(app.searchParams.get("pause"));
if (pause) setTimeout(hydrate, pause);
else hydrate();
