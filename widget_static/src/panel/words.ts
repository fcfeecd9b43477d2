// Texts, numbers, money and dates in the shopper's language.
// The build reads which keys a file uses from its calls of t(), boldNumber() and lazyText(): their first argument is
// "a_key" or `a_prefix_${...}`, nothing else.

import { boot } from "./boot";

const { locale, strings } = boot;
const number = new Intl.NumberFormat(locale);
const signedNumber = new Intl.NumberFormat(locale, { signDisplay: "always" });
const currency = new Intl.NumberFormat(locale, {
  style: "currency", currency: boot.shop.currency, trailingZeroDisplay: "stripIfInteger",
} as Intl.NumberFormatOptions);
const plural = new Intl.PluralRules(locale);

/** A text of the shop or the shopper, isolated because its writing direction may differ. */
export const isolate = (text: string) =>
  boot.dir === "rtl" || /[\u0590-\u08ff]/.test(text) ? `\u2068${text}\u2069` : text;
/** Between parts of a sentence. */
export const comma = boot.dir === "rtl" ? "، " : ", ";
export const program = isolate(boot.program.name);
const unit = boot.program.points_name && isolate(boot.program.points_name);

/** Values for a text's placeholders; `n` is a number of points and fills {n} and {unit}. */
export type Values = Record<string, string | number | undefined> & { n?: number };

export const num = (n: number) => number.format(n);
export const signed = (n: number) => signedNumber.format(n).replace("-", "−");
export const money = (amount: string | number) => currency.format(+amount);
export const percent = (value: string) =>
  new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 2 }).format(+value / 100);
export const duration = (count: number, unit: "day" | "minute" | "second") =>
  new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);

/** Day and month in the shop's timezone, and the year when it is not the current one. */
export function date(time: string | number, timeZone = boot.shop.timezone): string {
  const yearOf = (moment: Date) => moment.toLocaleDateString("en", { year: "numeric", timeZone });
  const day = new Date(time);
  const year = yearOf(day) === yearOf(new Date()) ? undefined : "numeric";
  return day.toLocaleDateString(locale, { day: "numeric", month: "short", year, timeZone });
}

/** The last valid day before an end: what ends at midnight is still valid on the day before. */
export const lastDay = (end: string) => date(Date.parse(end) - 1);

/** The text of a key with its {placeholders} filled; "" for a key without a text, so that no key is ever shown. */
export function t(key: string, values: Values = {}, format = num): string {
  const { n } = values;
  const all: Values = n === undefined ? values : {
    ...values,
    n: format(n) as never,
    unit: unit || strings["unit_" + plural.select(n)] || strings["unit_other"],
  };
  return (strings[key] || "").replace(/\{(\w+)\}/g, (_, name: string) => String(all[name] ?? ""));
}

export const points = (n: number) => t("points", { n });
