// Parses prices as themes print them into the server's format. All rules on how shops write money are here.

/** A theme's attributes for one badge, as printed. */
export interface PriceTag {
  product_id: string | null;
  collection_ids: string[];
  price: string;
  tax: string | null;
}

/** A number as programs write it; it is never parsed as a printed price. */
const PLAIN = /^\d+(\.\d+)?$/;
/** Digits with the separators between them: points, spaces, apostrophes, and the two Arabic separators. */
const PRINTED = /\d(?:[\d.,'’\u066b\u066c\s]*\d)?/g;
const ARABIC_POINT = "\u066b";
const NEGATIVE = /[-−]\s*\D{0,4}\d/;
const WHOLE_DIGITS_MAX = 9;
const PLACES_MAX = 6;
/** The code points where the digits of Arabic, Persian and Devanagari begin. */
const ZEROS = [0x660, 0x6f0, 0x966];

const westernDigits = (text: string) => text.replace(/\p{Nd}/gu, (digit) => {
  const at = digit.codePointAt(0)!;
  const zero = ZEROS.find((first) => at >= first && at < first + 10);
  return zero === undefined ? digit : String(at - zero);
});

/** Whether groups of digits are the thousands of one number: 1|299, and 1|29|900 as in India. */
const areGroups = ([first = "", ...more]: string[]) =>
  !more.length || first.length <= 3 && more.at(-1)!.length === 3
    && more.every(({ length }) => length === 2 || length === 3);

/**
 * Returns the one amount in a text, as "1299.00"; null when there is none or more than one, or when it is below zero.
 *
 * A separator that occurs once and last separates the decimals, unless it is the only one and exactly three digits
 * follow: then it separates thousands, except in currencies with three `decimals` and after a single 0.
 */
export function readPrice(text: string, decimals = 2): string | null {
  const normal = westernDigits(text.trim());
  if (PLAIN.test(normal)) return sized(normal);
  const [number, ...more] = normal.match(PRINTED) ?? [];
  if (!number || more.length || NEGATIVE.test(normal)) return null;
  const runs = number.split(/\D+/);
  const marks: string[] = number.match(/\D+/g) ?? [];
  const last = marks.at(-1) ?? "";
  const tail = runs.at(-1)!;
  const isPoint = /^[.,\u066b]$/.test(last) && marks.indexOf(last) === marks.length - 1
    && (tail.length !== 3 || marks.length > 1 || decimals === 3 || runs[0] === "0" || last === ARABIC_POINT);
  const whole = isPoint ? runs.slice(0, -1) : runs;
  const parting = new Set(isPoint ? marks.slice(0, -1) : marks);
  if (parting.size > 1 || !areGroups(whole)) return null;
  return sized(whole.join("") + (isPoint ? "." + tail : ""));
}

/** The server's limits: below a billion, at most six decimal places. */
function sized(number: string): string | null {
  const [whole = "", places = ""] = number.split(".");
  const short = whole.replace(/^0+(?=\d)/, "");
  if (short.length > WHOLE_DIGITS_MAX || places.length > PLACES_MAX) return null;
  return places ? `${short}.${places}` : short;
}
