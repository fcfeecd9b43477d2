// The one way to the server: same origin, no cookie, bearer token, and a request key made before asking and kept until
// answered, so that asking again after a lost answer is as good as once, in this tab or another.

import type { Refusal, RefusalFacts } from "../api";
import { boot } from "./boot";
import * as store from "./store";

const TIMEOUT_MS = 20e3;

/** The server said no, and why. Any other error of this file means there was no answer. */
export class Refused {
  constructor(readonly facts: RefusalFacts) {}
}

/** 128 random bits; crypto.randomUUID is missing on shops without https. */
const uuid = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** The key of a request that is still unanswered, or a new one. */
export function requestKey(request: string): string {
  const key = store.get(request) || uuid();
  store.put(request, key);
  return key;
}

export async function answer<T>(asked: Promise<Response>): Promise<T> {
  const response = await asked;
  const body = await response.json() as T & Partial<Refusal>;
  if (response.ok) return body;
  throw response.status < 500 && body.error ? new Refused(body.error) : response;
}

/** GET, or POST with a body. Raises Refused; anything else it raises means no answer came. */
export async function ask<T>(path: string, body?: object, key?: string): Promise<T> {
  const token = store.get("");
  const headers: Record<string, string> = { "X-Loyalty-Shop": boot.shop.embed_key };
  if (token) headers["Authorization"] = "Bearer " + token;
  const options: RequestInit = { credentials: "omit", headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  // what is typed at sign-in is never kept
  const request = path.startsWith("session") ? "" : path + JSON.stringify(body);
  if (body) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = key || (request ? requestKey(request) : uuid());
  }
  try {
    // mails of the session endpoints speak the panel's language
    const given = await answer<T>(fetch("/widget/" + path + (request || !body ? "" : "?lang=" + boot.locale), options));
    if (body && request) store.put(request, null);
    return given;
  } catch (no) {
    if (body && request && no instanceof Refused) store.put(request, null);
    throw no;
  }
}
