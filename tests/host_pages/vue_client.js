// A shop that Vue hydrates (or, without markup, draws) at the place that the address of this script names.
import { createApp, createSSRApp, h } from "vue";

const place = new URL(document.currentScript.src).searchParams.get("place");
const page = { render: () => [h("h1", "Hello"), h("p", { id: "x" }, "shop")] };
(place === "body" ? createApp : createSSRApp)(page).mount(place === "body" ? "body" : "#app");
window.hydrated = true;
