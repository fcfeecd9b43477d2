// Checks of the build beside the budgets: the languages, the lists of words, and the length of lines.

import { transformSync } from "esbuild";
import { readFileSync, readdirSync } from "node:fs";

const LINE_LENGTH_MAX = 120;
const WORDS_EARLY = "src/panel/words_early.json";
/** Texts outside the panel: of the launcher, and of the embed where the panel cannot be fetched. */
const WORDS_OF_THE_EMBED = ["launcher.label", "launcher_new"];
/** A call that uses a text, and its key: "a_key" or `a_prefix_${...}`. The functions themselves pass `key` on. */
const CALL = /\b(t|boldNumber|lazyText)\((?!key\b)(?:"([a-z\d_]+)"|`([a-z\d_]+_)\$\{|)/g;

export const locale = (name) => JSON.parse(readFileSync(`locales/${name}.json`, "utf8"));
export const LOCALES = readdirSync("locales").map((file) => file.replace(".json", ""));

/** Checks that every language has the keys of English; only the plural forms of a unit differ. */
export function checkLocales() {
  const keys = (name) => Object.keys(locale(name)).filter((key) => !key.startsWith("unit_")).sort().join("\n");
  const other = LOCALES.find((name) => keys(name) !== keys("en"));
  if (other) throw new Error(`${other}.json has other keys than en.json`);
}

/** Checks that no line of the sources is too long. */
export function checkLineLengths() {
  const sources = readdirSync(".", { recursive: true }).filter((file) =>
    /^(src\/.*\.(tsx?|css)|[^/]*\.mjs)$/.test(file));
  for (const file of sources) {
    const long = readFileSync(file, "utf8").split("\n").findIndex((line) => [...line].length > LINE_LENGTH_MAX);
    if (long >= 0) throw new Error(`${file}:${long + 1} has more than ${LINE_LENGTH_MAX} characters`);
  }
}

/**
 * Returns the keys that a source uses (a prefix stands for all keys that begin with it), as [now, later]: those of
 * lazyText() may be fetched later. Throws where the key of a call cannot be read.
 */
function usedKeys(file) {
  const { code } = transformSync(readFileSync(file, "utf8"), { loader: "tsx" });
  const found = [new Set(), new Set()];
  for (const [call, name, key, prefix] of code.replace(/function (t|boldNumber|lazyText)\(/g, "").matchAll(CALL)) {
    if (!key && !prefix) throw new Error(`${file}: write the key of ${call}...) as "key" or \`prefix_\${...}\``);
    const keys = key ? [key] : Object.keys(locale("en")).filter((one) => one.startsWith(prefix));
    if (!keys.length || !(keys[0] in locale("en"))) throw new Error(`${file}: no word ${key ?? prefix} in en.json`);
    for (const one of keys) found[name === "lazyText" ? 1 : 0].add(one);
  }
  return found;
}

/** Where a source of the panel is used: "" with every tab, the name of a tab, or null for late files. */
function scopeOf(output, file) {
  if (output === "lazy_actions.js") return null;
  if (output !== "panel.js") return output.replace(".js", "");
  return file.match(/tabs\/(\w+)/)?.[1] ?? "";
}

/**
 * Returns the lists of words_early.json, whose texts are in the document: "" with every tab, the others with theirs.
 * Throws unless they are exactly the keys that the sources use there, and late files use all other keys.
 */
export function checkWords(modules) {
  const { every_tab, ...tabs } = JSON.parse(readFileSync(WORDS_EARLY, "utf8"));
  const listed = { "": every_tab, ...tabs };
  const used = Object.fromEntries(Object.keys(listed).map((scope) => [scope, new Set()]));
  const late = new Set(WORDS_OF_THE_EMBED);
  for (const [output, files] of Object.entries(modules)) {
    for (const file of files.filter((one) => /^src\/.*\.tsx?$/.test(one))) {
      const [now, later] = usedKeys(file);
      const scope = scopeOf(output, file);
      if (scope !== null && !used[scope]) throw new Error(`${WORDS_EARLY} has no list for ${scope}`);
      for (const key of now) (used[scope] ?? late).add(key);
      for (const key of later) late.add(key);
    }
  }
  for (const [scope, keys] of Object.entries(listed)) {
    const where = `the list of ${scope || "every_tab"} in ${WORDS_EARLY}`;
    const isNeeded = (key) => used[scope].has(key) && !(scope && used[""].has(key));
    const missing = [...used[scope]].filter((key) => isNeeded(key) && !keys.includes(key));
    const spare = keys.filter((key) => !isNeeded(key));
    if (missing.length) throw new Error(`${missing.join(", ")}: used, but missing from ${where}`);
    if (spare.length) throw new Error(`${spare.join(", ")}: not used where ${where} counts, or listed twice`);
  }
  const all = new Set([...late, ...Object.values(used).flatMap((keys) => [...keys])]);
  const unused = Object.keys(locale("en")).filter((key) => !all.has(key) && !key.startsWith("unit_"));
  if (unused.length) throw new Error(`nothing uses ${unused.join(", ")}`);
  return listed;
}
