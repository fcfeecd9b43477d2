// Runs what a button does: one action at a time, with its refusal shown where the button is.

import { Refused } from "./http";
import { lazyText } from "./lazy_words";
import { endedBy } from "./session";
import { set, state } from "./state";
import { duration, t } from "./words";

/** Runs one action; `place` is busy meanwhile, and a refusal is shown there. */
export async function runAction(place = "", run: () => unknown): Promise<void> {
  if (state.busy) return;
  set({ busy: place, error: undefined });
  try {
    await run();
  } catch (error) {
    if (!endedBy(error)) {
      const field = error instanceof Refused ? error.facts.field : null;
      set({ error: { place, text: await refusalText(error), field } });
    }
  }
  set({ busy: "" });
}

/** The message for a refusal, or for a missing response. */
async function refusalText(error: unknown): Promise<string> {
  if (!(error instanceof Refused)) return t("no_answer");
  const { code, needs, has, retry_after_seconds: wait } = error.facts;
  return await lazyText(`error_${code}`, {
    n: needs === null ? undefined as never : needs - (has ?? 0),
    wait: duration(Math.ceil((wait ?? 60) / 60), "minute"),
  }) || t("error");
}
