// The words that the document does not carry: of the tabs beside the first, of forms and sheets, of refusals.

import type { Words } from "../api";
import { ask } from "./ask";
import { boot } from "./boot";
import { t } from "./words";

let asked: Promise<void> | undefined;

/** Fetches them once. Raises when they cannot be had; then the next wish asks again. */
export const words = () => asked ??= ask<Words>("words?lang=" + boot.locale).then(
  (late) => void Object.assign(boot.strings, late.words),
  (no) => {
    asked = undefined;
    throw no;
  },
);

/** t(), where the word may have to be fetched first; "" when it cannot be had. */
export async function later(key: string, values: Parameters<typeof t>[1]): Promise<string> {
  await words().catch(() => {});
  return t(key, values);
}
