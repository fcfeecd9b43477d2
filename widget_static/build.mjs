// Builds dist/: the loader's template, the hashed files with their .br siblings and manifest.json.
// Prints the compressed size of each. Exits 1 over budget, when words_early.json does not match the sources, and when
// a line of the sources is too long.

import { build, transformSync } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { checkLineLengths, checkLocales, checkWords, locale, LOCALES } from "./build_checks.mjs";

const LOADER_BYTES_MAX = 1024;
/** Bytes needed until the guest's page or the first tab is drawn: 14 kB less a reserve of 1 kB. */
const FIRST_TAB_BYTES_MAX = 13312;
/** The same where a link opens another tab, whose file is loaded beside the panel's. */
const OTHER_TAB_BYTES_MAX = 14336;
const ALL_BYTES_MAX = 24576;
/** What every page of the dashboard loads, and all of its files together. */
const DASHBOARD_BYTES_MAX = 20480;
const DASHBOARD_ALL_BYTES_MAX = 49152;
/** What the demo's server sends beside files and texts: the document without its texts, and a member's largest tab. */
const DOCUMENT_BYTES = 1350;
const ANSWER_BYTES = 1000;
const CONFIG_TOKEN = "__LOYALTY_CONFIG__";
const DIST = "dist/";
const PANEL = "src/panel/app.tsx";
const DASHBOARD = "src/dashboard/";

/** Launcher settings of a typical shop: five languages, two themes, a path without it, a referral program. */
const CONFIG = {
  e: "/assets/embed-0123456789.js?",
  w: Object.fromEntries([["", "en"], ["de", "de"], ["fr", "fr"], ["es", "es"], ["ar", "ar"]]
    .map(([name, file]) => [name, locale(file)["launcher.label"]])),
  s: "inset-inline-end:24px;bottom:24px;z-index:999;--i:light-dark(#1b6b4a,#28a06f);"
    + "background:light-dark(#1b6b4a,#28a06f);color:light-dark(#fff,#16181c)",
  h: "^/checkout",
};
const OPTIONS = {
  bundle: true, minify: true, write: false, format: "esm", target: "es2022", charset: "utf8",
  jsx: "transform", jsxFactory: "h", legalComments: "none",
};

const brotli = (data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
const sha = (data, encoding) => createHash("sha256").update(data).digest(encoding);
const shortHash = (data) => sha(data, "hex").slice(0, 10);

/** The contents of dist/ by name; written when everything is built, so a failed build leaves the last one. */
const written = {};
const manifest = {};
const bytes = {};

/** Adds a file of dist/ and its compressed .br file. */
function add(name, hash, text) {
  const [stem, ending] = name.split(".");
  const file = `${stem}-${hash}.${ending}`;
  written[file] = text;
  written[file + ".br"] = brotli(text);
  manifest[name] = file;
  bytes[name] = written[file + ".br"].length;
}

async function bundle(entry, options = {}) {
  const { outputFiles } = await build({ ...OPTIONS, entryPoints: [entry], ...options });
  return outputFiles[0].text.trimEnd();
}

/** The late files of the panel, by the name that lazy_files.ts uses. */
const LATE = {
  lazy_actions: "src/panel/lazy_actions.tsx",
  ...Object.fromEntries(readdirSync("src/panel/tabs").filter((file) => file !== "earn.tsx")
    .map((file) => [basename(file, ".tsx"), `src/panel/tabs/${file}`])),
};

/**
 * Lets every late file import the panel itself. Only the panel fetches late files, so all modules of the panel are
 * loaded already; esbuild then puts these modules into one file, which late files import, instead of a file for each
 * set of late files that share a module.
 */
const lateFilesImportThePanel = {
  name: "late-files-import-the-panel",
  setup({ onLoad }) {
    const late = new RegExp(`(${Object.values(LATE).map((file) => file.replace(".", "\\.")).join("|")})$`);
    onLoad({ filter: late }, ({ path }) => {
      const up = path.includes("/tabs/") ? "../" : "./";
      return { contents: `import "${up}app";\n${readFileSync(path, "utf8")}`, loader: "tsx" };
    });
  },
};

/** Style sheets that a late file imports: minified text, a copy for each importer. */
const stylesAsText = {
  name: "styles-as-text",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.css$/ }, ({ path, resolveDir, importer }) =>
      ({ path: resolve(resolveDir, path), namespace: "style", suffix: "?" + basename(importer) }));
    onLoad({ filter: /./, namespace: "style" }, ({ path }) => ({
      contents: transformSync(readFileSync(path, "utf8"), { loader: "css", minify: true }).code.trim(), loader: "text",
    }));
  },
};

/** The panel and its late files. All carry one hash, so that each knows the others' names. */
async function addPanel() {
  const { outputFiles, metafile } = await build({
    ...OPTIONS, entryPoints: { app: PANEL, ...LATE }, outdir: DIST, splitting: true, chunkNames: "panel",
    metafile: true, define: { __BUILD__: JSON.stringify("HASH-OF-BUILD") },
    plugins: [lateFilesImportThePanel, stylesAsText],
  });
  const files = Object.fromEntries(outputFiles.map(({ path, text }) => [basename(path), text.trimEnd()]));
  delete files["app.js"];  // it only imports panel.js, which the document loads itself
  const hash = shortHash(JSON.stringify(files));
  for (const [name, text] of Object.entries(files)) {
    add(name, hash, text.replaceAll("HASH-OF-BUILD", hash).replaceAll('"./panel.js"', `"./panel-${hash}.js"`));
  }
  return Object.fromEntries(Object.entries(metafile.outputs).map(([path, { inputs }]) =>
    [basename(path), Object.keys(inputs).filter((file) => inputs[file].bytesInOutput)]));
}

async function addFile(name, entry) {
  const text = await bundle(entry);
  add(name, shortHash(text), text);
}

/** The dashboard: each file in its folder is loaded by itself, and bundles what it imports from parts/. */
async function addDashboard() {
  for (const file of readdirSync(DASHBOARD).filter((name) => /\.(ts|css)$/.test(name))) {
    await addFile(file.replace(".ts", ".js"), DASHBOARD + file);
  }
}

function checkDashboard() {
  const names = readdirSync(DASHBOARD).filter((name) => /\.(ts|css)$/.test(name))
    .map((name) => name.replace(".ts", ".js"));
  const every = bytes["dashboard.js"] + bytes["dashboard.css"];
  const all = names.map((name) => bytes[name]).reduce((a, b) => a + b);
  console.log(`every page of the dashboard: ${every} of ${DASHBOARD_BYTES_MAX} B`);
  console.log(`all files of the dashboard: ${all} of ${DASHBOARD_ALL_BYTES_MAX} B`);
  return every <= DASHBOARD_BYTES_MAX && all <= DASHBOARD_ALL_BYTES_MAX;
}

async function addLoader() {
  const text = await bundle("src/loader.ts");
  if (text.split(CONFIG_TOKEN).length !== 2) throw new Error(`${CONFIG_TOKEN} must stand in the loader once`);
  written["loader.js"] = text;
  bytes["loader.js"] = brotli(text.replace(CONFIG_TOKEN, () => JSON.stringify(CONFIG))).length;
}

/** Returns the compressed bytes of the texts with these keys, in a language. */
function wordBytes(language, isIncluded) {
  const words = Object.entries(locale(language)).filter(([key]) => isIncluded(key));
  return brotli(JSON.stringify(Object.fromEntries(words))).length;
}

/** Prints the sizes; returns whether all are within their budgets. */
function checkBudgets(words) {
  const tabs = Object.keys(words).filter(Boolean);
  const early = (tab) => (key) => key.startsWith("unit_") || words[""].includes(key) || words[tab].includes(key);
  const late = (key) => !key.startsWith("unit_") && !words[""].includes(key);
  const base = DOCUMENT_BYTES + ANSWER_BYTES + bytes["panel.js"] + bytes["panel.css"];
  const first = LOCALES.flatMap((language) => tabs.map((tab) =>
    ({ language, tab, count: base + (bytes[`${tab}.js`] ?? 0) + wordBytes(language, early(tab)) })));
  const [byDefault, byLink] = [true, false].map((isFirst) =>
    first.filter(({ tab }) => (tab === tabs[0]) === isFirst).sort((a, b) => b.count - a.count)[0]);
  const lateFiles = Object.keys(LATE).map((name) => bytes[`${name}.js`]).reduce((a, b) => a + b);
  const all = base + lateFiles + Math.max(...LOCALES.map((language) =>
    wordBytes(language, early(tabs[0])) + wordBytes(language, late)));
  for (const [name, count] of Object.entries(bytes)) console.log(`${name} ${count} B`);
  const lines = [
    ["loader", bytes["loader.js"], LOADER_BYTES_MAX],
    [`until the first tab is drawn (${byDefault.language})`, byDefault.count, FIRST_TAB_BYTES_MAX],
    [`until a linked tab is drawn (${byLink.language}, ${byLink.tab})`, byLink.count, OTHER_TAB_BYTES_MAX],
    ["panel with everything that comes late", all, ALL_BYTES_MAX],
  ];
  for (const [name, count, max] of lines) console.log(`${name}: ${count} of ${max} B`);
  return lines.every(([, count, max]) => count <= max);
}

checkLineLengths();
checkLocales();
const modules = await addPanel();
await addFile("panel.css", "src/panel/panel.css");
await addFile("embed.js", "src/embed.ts");
await addFile("badge.js", "src/badge.ts");
await addDashboard();
await addLoader();
manifest.words = checkWords(modules);
const inline = await bundle("src/panel/boot_inline.ts", { format: "iife" });
manifest.boot_inline = { text: inline, hash: `sha256-${sha(inline, "base64")}` };
written["manifest.json"] = JSON.stringify(manifest, null, 2) + "\n";

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST);
for (const [file, data] of Object.entries(written)) writeFileSync(DIST + file, data);
if (![checkBudgets(manifest.words), checkDashboard()].every(Boolean)) process.exit(1);
