// Prints the document as the shop's server sends it.
import { renderToString } from "react-dom/server";
import { tree } from "./react_page.js";

const [widget, app] = process.argv.slice(2);
console.log("<!DOCTYPE html>" + renderToString(tree(widget, app)));
