// The friend's code of a link: stored first-party for the shop's window, and only with consent where the shop requires
// it. No cookie. Where storage is closed it lasts as long as the page. Anybody can put a text into an address: it
// counts and is stored only once the server has confirmed it as a member's code, and until then replaces no other code.

import type { Helper } from "./helper";
import type { Page } from "./page";

const NAME = "loyalty:friend";
/** Storage key of earlier versions, before the server checked codes; its value is "TIME CODE". */
const BEFORE = "loyalty:ref";
const PARAMETER = "ref";
const DAY_MS = 864e5;
const CODE = /^[\w-]{1,64}$/;

interface Kept {
  code: string;
  /** In milliseconds. */
  until: number;
  /** Bound to a customer, or refused permanently: the same link changes nothing. */
  spent: boolean;
}

export interface FriendCode {
  /** The code that counts now, or null. */
  current(): string | null;
  /** Marks the code as bound to a customer, or refused permanently. */
  spend(): void;
}

/** Storage that may be closed. */
function storage<T>(use: (open: Storage) => T): T | null {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
}

/** The stored code, while it is within its window. */
function kept(): Kept | null {
  return storage((open) => {
    const found = JSON.parse(open.getItem(NAME) ?? "null") as Kept | null;
    return found && found.until > Date.now() ? found : null;
  });
}

/** The addresses of this visit: now, at page load (the page may have removed its query), and the shop's page before. */
function addresses(): URL[] {
  const [navigation] = performance.getEntriesByType("navigation");
  return [location.href, navigation?.name, document.referrer].flatMap((text) => {
    const url = text && URL.canParse(text) ? new URL(text) : null;
    return url?.origin === location.origin ? [url] : [];
  });
}

/** The texts of this visit that may be codes; the shop's own parameter first. */
function candidates(parameter: string | undefined): string[] {
  const named = [parameter, PARAMETER].flatMap((name) =>
    name ? addresses().map((url) => url.searchParams.get(name)) : []);
  return [...new Set(named.filter((text) => text !== null && CODE.test(text)) as string[])];
}

const isSame = (one: string, other: string | undefined) => one.toUpperCase() === other?.toUpperCase();

/** Has the texts of this visit checked; `arrived` is called with a friend's code that is new with this visit. */
export function friendCode(page: Page, helper: Helper, arrived: (code: string, gift: boolean) => void): FriendCode {
  const { data, signal } = page;
  let known = kept();
  let mayKeep = !!known;
  const current = () => known && !known.spent ? known.code : null;
  const before = known ? current() : storage((open) => open.getItem(BEFORE)?.split(" ")[1] ?? null);
  const found = candidates(data.refParam).filter((text) => !isSame(text, known?.code));
  let waits = found.length > 0 || before !== current();

  const keep = () => mayKeep && storage((open) => {
    open.removeItem(BEFORE);
    if (known) open.setItem(NAME, JSON.stringify(known));
    else open.removeItem(NAME);
  });
  const allow = () => {
    mayKeep = true;
    keep();
  };

  helper.register({
    ready() {
      if (waits) helper.post({ type: "friend", kept: before, found });
    },
    handle(message) {
      if (message.type !== "friend" || !waits) return;
      waits = false;
      const { code, days, consent, gift } = message;
      const isNew = code !== null && code !== current();
      if (isNew) known = { code, until: Date.now() + days * DAY_MS, spent: false };
      else if (code === null && !known?.spent) known = null;
      if (!consent || mayKeep || data.consent !== undefined) allow();
      else document.addEventListener("loyalty:consent", allow, { signal });
      if (isNew && found.some((text) => isSame(text, code))) arrived(code, gift);
    },
  });
  if (waits) helper.create();

  return {
    current,
    spend() {
      if (known) known.spent = true;
      keep();
    },
  };
}
