// The friend's code of a link: kept first-party for the shop's window, and only with consent where the shop demands it.
// No cookie. Where storage is closed it lives as long as the page. Anybody can put a text into an address: it counts
// and is kept only once the server knows it as a member's code, and until then displaces none.

import type { Helper } from "./helper";
import type { Page } from "./page";

const NAME = "loyalty:friend";
/** Where codes were kept before the server was to check them, as "TIME CODE". */
const BEFORE = "loyalty:ref";
const PARAMETER = "ref";
const DAY_MS = 864e5;
const CODE = /^[\w-]{1,64}$/;

interface Kept {
  code: string;
  /** In milliseconds. */
  until: number;
  /** Bound to a customer, or refused for good: the same link says nothing new. */
  spent: boolean;
}

export interface FriendCode {
  /** The code that counts now, or null. */
  current(): string | null;
  /** It is bound to a customer, or refused for good. */
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

/** What is kept and still within its window. */
function kept(): Kept | null {
  return storage((open) => {
    const found = JSON.parse(open.getItem(NAME) ?? "null") as Kept | null;
    return found && found.until > Date.now() ? found : null;
  });
}

/** The addresses that led here: now, as the page loaded (it may have removed its query), and the shop's page before. */
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

/** Has the texts of this visit checked; `arrived` is called with a friend's code that this very visit brought. */
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
