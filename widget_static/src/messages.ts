// All messages between the shop's page and our frames; both sides use these tables.
// No message to the page carries a secret, apart from a code after "Use it now" and a balance that the page shows:
// a hostile script on the page can read every one.

/** From the page to the panel. */
export const TO_PANEL = {
  open: { tab: "string|null", focus: "boolean" },
  /** The shop's identity token; null with `known`: nobody is logged in; without: the shop gave no response. */
  identity: { token: "string|null", known: "boolean" },
  ref: { code: "string" },
  theme: { theme: "string" },
  /** Keyboard focus enters the panel at its start, or at its end. */
  focus: { last: "boolean" },
  /** The result for a code: "applied" (by the page), "handed" over to the page, an address "opened", or "refused". */
  applied: { how: "string", reason: "string|null" },
  logout: {},
} as const;

/** From the panel to the page. */
export const TO_PAGE = {
  ready: { title: "string", close: "string" },
  close: {},
  "ask-identity": {},
  /** The friend's code is spent: bound to a customer, or refused permanently. */
  "ref-bound": {},
  /** Opens the shop's own sign-in page, which leads back to this tab. */
  leave: { url: "string", tab: "string" },
  /** The code as it is shown, and the address that applies it. */
  apply: { code: "string", url: "string|null" },
  dot: { count: "number" },
  event: { name: "string" },
} as const;

/** From the page to the helper frame. */
export const TO_HELPER = {
  prices: { items: "object", balance: "boolean" },
  /** Texts that may be friends' codes, and the code that is stored: the server checks which one counts. */
  friend: { kept: "string|null", found: "object" },
  identity: { token: "string|null", known: "boolean" },
} as const;

/** From the helper frame to the page. */
export const FROM_HELPER = {
  ready: {},
  "ask-identity": {},
  /** Texts for the requested items, in their order (null: price not parsed), and the balance if requested. */
  figures: { texts: "object", balance: "string|null" },
  /** The code that counts, for how many days, whether it needs consent, and whether a gift is promised for it. */
  friend: { code: "string|null", days: "number", consent: "boolean", gift: "boolean" },
} as const;

type Table = Record<string, Record<string, string>>;
type Value<Kind> = Kind extends "string" ? string : Kind extends "string|null" ? string | null
  : Kind extends "number" ? number : Kind extends "boolean" ? boolean : unknown;
type Fields<T, Type extends keyof T> = { [Name in keyof T[Type]]: Value<T[Type][Name]> };

/** Any message of a table. */
export type Message<T> = { [Type in keyof T]: { type: Type } & Fields<T, Type> }[keyof T];

/** Returns the message when it has the shape of its row in the table, else null. */
export function read<T extends Table>(table: T, data: unknown): Message<T> | null {
  const message = Object(data) as Record<string, unknown>;
  const row = Object.hasOwn(table, message.type as string) && table[message.type as string]!;
  const typeOf = (value: unknown) => value === null ? "null" : typeof value;
  return row && Object.keys(row).every((name) => row[name]!.includes(typeOf(message[name])))
    ? message as Message<T> : null;
}
