// The data that the server wrote into the panel's document, and the document's query.

import type { Boot } from "../api";

export const boot = JSON.parse(document.getElementById("boot")!.textContent!) as Boot;
export const query = new URLSearchParams(location.search);
