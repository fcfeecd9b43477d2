// Texts that are not in the document: of the other tabs, of forms and sheets, of refusals.

import type { Words } from "../api";
import { boot } from "./boot";
import { request } from "./http";
import { t, type Values } from "./words";

let fetching: Promise<void> | undefined;

/** Fetches them once. Throws when they cannot be fetched; the next call tries again. */
export const fetchWords = () => fetching ??= request<Words>("words?lang=" + boot.locale).then(
  ({ words }) => void Object.assign(boot.strings, words),
  (error) => {
    fetching = undefined;
    throw error;
  },
);

/** t(), where the text may have to be fetched first; "" when it cannot be fetched. */
export async function lazyText(key: string, values: Values): Promise<string> {
  await fetchWords().catch(() => {});
  return t(key, values);
}
