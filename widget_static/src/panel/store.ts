// The frame's own storage. Where it throws, memory stands in: signed out at the next page load, no error.

import { boot } from "./boot";

const memory: Record<string, string | null> = {};
const full = (name: string) => "loyalty:" + boot.shop.embed_key + name;

export function get(name: string): string | null {
  try {
    return localStorage.getItem(full(name));
  } catch {
    return memory[name] ?? null;
  }
}

/** Forgets the session, and whose it was. */
export function end(): void {
  put("", null);
  put(":sub", null);
}

/** Keeps a text, or forgets it (null). */
export function put(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(full(name));
    else localStorage.setItem(full(name), text);
  } catch {
    memory[name] = text;
  }
}
