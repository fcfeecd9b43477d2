// The frame's own storage. Where it throws, memory is used: signed out at the next page load, no error.

import { boot } from "./boot";

const memory: Record<string, string | null> = {};
const fullName = (name: string) => "loyalty:" + boot.shop.embed_key + name;

export function get(name: string): string | null {
  try {
    return localStorage.getItem(fullName(name));
  } catch {
    return memory[name] ?? null;
  }
}

/** Stores a text; null removes it. */
export function put(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(fullName(name));
    else localStorage.setItem(fullName(name), text);
  } catch {
    memory[name] = text;
  }
}

/** Removes the session's token and its subject. */
export function removeSession(): void {
  put("", null);
  put(":sub", null);
}
