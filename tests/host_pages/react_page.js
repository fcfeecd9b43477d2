// A shop that React draws as a whole: the tree of its document, which the server renders and the page hydrates.
import { createElement as e } from "react";

/** The document with our script tag in its body and the scripts of the page after it. */
export const tree = (widget, app) => e("html", { lang: "en" },
  e("head", null, e("title", null, "t")),
  e("body", null,
    e("h1", null, "Hello"),
    e("p", { id: "x" }, "shop"),
    e("script", { async: true, src: widget }),
    e("script", { src: app })));
