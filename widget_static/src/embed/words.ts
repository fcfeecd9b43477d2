// The few texts that the embed shows itself, without the panel.

import {
  close as arClose, launcher_new as arNew, no_connection as arNo, no_connection_more as arMore, try_again as arTry,
} from "../../locales/ar.json";
import {
  close as deClose, launcher_new as deNew, no_connection as deNo, no_connection_more as deMore, try_again as deTry,
} from "../../locales/de.json";
import {
  close as enClose, launcher_new as enNew, no_connection as enNo, no_connection_more as enMore, try_again as enTry,
} from "../../locales/en.json";
import {
  close as esClose, launcher_new as esNew, no_connection as esNo, no_connection_more as esMore, try_again as esTry,
} from "../../locales/es.json";
import {
  close as frClose, launcher_new as frNew, no_connection as frNo, no_connection_more as frMore, try_again as frTry,
} from "../../locales/fr.json";

export interface Words {
  close: string;
  launcher_new: string;
  no_connection: string;
  no_connection_more: string;
  try_again: string;
}

const pack = (...[close, launcher_new, no_connection, no_connection_more, try_again]: Five): Words =>
  ({ close, launcher_new, no_connection, no_connection_more, try_again });

type Five = [string, string, string, string, string];

const WORDS: Record<string, Words> = {
  ar: pack(arClose, arNew, arNo, arMore, arTry),
  de: pack(deClose, deNew, deNo, deMore, deTry),
  en: pack(enClose, enNew, enNo, enMore, enTry),
  es: pack(esClose, esNew, esNo, esMore, esTry),
  fr: pack(frClose, frNew, frNo, frMore, frTry),
};

/** Returns the texts for a language tag, in English for an unsupported one. */
export function wordsOf(language: string): Words {
  return WORDS[language.slice(0, 2).toLowerCase()] ?? WORDS["en"]!;
}
