// Requests to the server: same origin, no cookies, a bearer token, and a request key that is created before the request
// and stored until a response arrives. So a repeat after a lost response counts once, in this browser tab or another.

import type { Refusal, RefusalFacts } from "../api";
import { boot } from "./boot";
import * as store from "./store";

const TIMEOUT_MS = 20e3;

/** A refusal by the server, with its reason. Any other error thrown here means that no response arrived. */
export class Refused {
  constructor(readonly facts: RefusalFacts) {}
}

/** Returns 128 random bits in hex; crypto.randomUUID is missing on pages without https. */
const randomKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** The stored key of a request without a response, or a new one. */
export function requestKey(name: string): string {
  const key = store.get(name) || randomKey();
  store.put(name, key);
  return key;
}

/** Returns the body of a response. Throws Refused, or the response itself when the server failed. */
export async function readBody<T>(pending: Promise<Response>): Promise<T> {
  const response = await pending;
  const body = await response.json() as T & Partial<Refusal>;
  if (response.ok) return body;
  throw response.status < 500 && body.error ? new Refused(body.error) : response;
}

/** Sends a GET, or a POST with a body. Throws Refused; any other error means that no response arrived. */
export async function request<T>(path: string, body?: object, key?: string): Promise<T> {
  const token = store.get("");
  const headers: Record<string, string> = { "X-Loyalty-Shop": boot.shop.embed_key };
  if (token) headers["Authorization"] = "Bearer " + token;
  const options: RequestInit = { credentials: "omit", headers, signal: AbortSignal.timeout(TIMEOUT_MS) };
  // values typed at sign-in are never stored
  const name = path.startsWith("session") ? "" : path + JSON.stringify(body);
  if (body) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = key || (name ? requestKey(name) : randomKey());
  }
  try {
    // the session endpoints send mails in the panel's language
    const query = name || !body ? "" : "?lang=" + boot.locale;
    const result = await readBody<T>(fetch("/widget/" + path + query, options));
    if (body && name) store.put(name, null);
    return result;
  } catch (error) {
    if (body && name && error instanceof Refused) store.put(name, null);
    throw error;
  }
}
