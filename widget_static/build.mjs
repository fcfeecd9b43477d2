// Builds dist/: the loader's template, the hashed files with their .br siblings and manifest.json.
// Prints what each costs on the wire and exits 1 over budget.

import { build, transformSync } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const LOADER_BYTES_MAX = 1024;
const PANEL_BYTES_MAX = 15360;
/** What the demo is served beside files and words: the document without its words, and a member's largest answer. */
const DOCUMENT_BYTES = 1350;
const ANSWER_BYTES = 1000;
const TOKEN = "__LOYALTY_CONFIG__";
const DIST = "dist/";
const PANEL = "src/panel/";
/** The hashed files; the panel names the deeds, so they come first. */
const FILES = [
  ["deeds.js", "src/panel/deeds.tsx"], ["panel.js", "src/panel/app.tsx"], ["panel.css", "src/panel/panel.css"],
  ["embed.js", "src/embed.ts"], ["badge.js", "src/badge.ts"],
];

/** A launcher as real shops set it: five languages, two themes, a path without it, a referral program. */
const CONFIG = {
  e: "/assets/embed-0123456789.js?",
  w: Object.fromEntries([["", "en"], ["de", "de"], ["fr", "fr"], ["es", "es"], ["ar", "ar"]].map(([name, file]) => [name, locale(file)["launcher.label"]])),
  s: "inset-inline-end:24px;bottom:24px;z-index:999;--i:light-dark(#1b6b4a,#28a06f);background:light-dark(#1b6b4a,#28a06f);color:light-dark(#fff,#16181c)",
  h: "^/checkout",
};

function locale(name) {
  return JSON.parse(readFileSync(`locales/${name}.json`, "utf8"));
}

const brotli = (data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
const sha = (data, form) => createHash("sha256").update(data).digest(form);

async function bundle(entry, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, minify: true, write: false, format: "esm", target: "es2022", charset: "utf8",
    jsx: "transform", jsxFactory: "h", legalComments: "none", external: ["./deeds-*"], ...options,
  });
  return outputFiles[0].text.trimEnd();
}

/** Every language has the keys of English; only the plural forms of a unit differ. */
function checkLocales() {
  const keys = (name) => Object.keys(locale(name)).filter((key) => !key.startsWith("unit_")).sort().join("\n");
  for (const file of readdirSync("locales")) {
    if (keys(file.replace(".json", "")) !== keys("en")) throw new Error(`${file} has other keys than en.json`);
  }
}

/** Keys that a source says, by themselves or as a beginning ("why_"); those inside later() are waited for. */
function said(file) {
  const { code } = transformSync(readFileSync(file, "utf8"), { loader: "tsx" });
  const names = [...code.matchAll(/(?<!later\()["`]([a-z]+(?:_[a-z\d]+)*_?)(?:["`]|\$\{)/g)].map(([, name]) => name);
  return Object.keys(locale("en")).filter((key) => names.some((name) => key === name || (name.endsWith("_") && key.startsWith(name))));
}

/** Which words the document carries: "" with every tab, since guests and all tabs need them, the others with theirs. */
function wordsByTab() {
  const frame = readdirSync(PANEL).filter((file) => /\.tsx?$/.test(file) && file !== "deeds.tsx");
  const words = { "": [...new Set(frame.flatMap((file) => said(PANEL + file)))] };
  for (const file of readdirSync(PANEL + "tabs")) {
    words[file.replace(".tsx", "")] = said(`${PANEL}tabs/${file}`).filter((key) => !words[""].includes(key));
  }
  return words;
}

/** The words as they travel, packed: those that `wanted` says yes to. */
function wordBytes(name, wanted) {
  const words = Object.entries(locale(name)).filter(([key]) => wanted(key.replace(/^unit_.*/, "unit_other")));
  return brotli(JSON.stringify(Object.fromEntries(words))).length;
}

checkLocales();

/** What dist/ will hold, by name; written when all of it is built, so a failed build leaves the last one. */
const written = {};
const manifest = {};
const bytes = {};
for (const [name, entry] of FILES) {
  const text = await bundle(entry, { define: { __DEEDS__: JSON.stringify("./" + manifest["deeds.js"]) } });
  const [stem, ending] = name.split(".");
  const file = `${stem}-${sha(text, "hex").slice(0, 10)}.${ending}`;
  written[file] = text;
  written[file + ".br"] = brotli(text);
  manifest[name] = file;
  bytes[name] = written[file + ".br"].length;
}

const loader = await bundle("src/loader.ts");
if (loader.split(TOKEN).length !== 2) throw new Error(`${TOKEN} must stand in the loader once`);
written["loader.js"] = loader;
bytes["loader.js"] = brotli(loader.replace(TOKEN, () => JSON.stringify(CONFIG))).length;

const words = manifest.words = wordsByTab();

const inline = await bundle("src/panel/boot_inline.ts", { format: "iife" });
manifest.boot_inline = { text: inline, hash: `sha256-${sha(inline, "base64")}` };
written["manifest.json"] = JSON.stringify(manifest, null, 2) + "\n";

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);
for (const [file, data] of Object.entries(written)) writeFileSync(DIST + file, data);

const languages = readdirSync("locales").map((file) => file.replace(".json", ""));
const tabs = Object.keys(words).filter(Boolean);
/** The language and tab whose words weigh most, and those that come with the first wish. */
const heaviest = languages.flatMap((name) => tabs.map((tab) =>
  ({ name, tab, count: wordBytes(name, (key) => words[""].includes(key) || words[tab].includes(key)) }))).sort((a, b) => b.count - a.count)[0];
const later = Math.max(...languages.map((name) => wordBytes(name, (key) => !words[""].includes(key))));
const panel = DOCUMENT_BYTES + heaviest.count + ANSWER_BYTES + bytes["panel.js"] + bytes["panel.css"];
for (const [name, count] of Object.entries(bytes)) console.log(`${name} ${count} B`);
console.log(`later: deeds.js ${bytes["deeds.js"]} B, words ${later} B`);
console.log(`loader ${bytes["loader.js"]} of ${LOADER_BYTES_MAX} B; panel in all ${panel} of ${PANEL_BYTES_MAX} B (${heaviest.name}, ${heaviest.tab})`);
if (bytes["loader.js"] > LOADER_BYTES_MAX || panel > PANEL_BYTES_MAX) process.exit(1);
