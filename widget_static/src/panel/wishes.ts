// What a shopper wishes to do is done by deeds.tsx: a file of its own, fetched with its words at the first wish.

import { words } from "./late";
import { set, state, type Deeds } from "./state";

/** Address of the file, known to the build. */
declare const __DEEDS__: string;

let tools: unknown;

/** What the file is handed; the app says it, since only it stands above all of them. */
export const equip = (kit: unknown) => void (tools = kit);

/** Fetches the file and its words once. Raises when they cannot be had. */
export async function deeds(): Promise<Deeds> {
  if (!state.deeds) {
    const [file] = await Promise.all([import(__DEEDS__), words()]);
    set({ deeds: file.default(tools) as Deeds });
  }
  return state.deeds!;
}

/** Opens a sheet of that file. */
export async function sheet(kind: "birthday" | "friend_code" | "leave"): Promise<void> {
  await deeds();
  set({ sheet: { kind } });
}
