// The helper: a small hidden frame of ours that asks the server what a strict policy of the page forbids the page to ask.
// It is made at its first need. A page that swaps its body makes the browser load it anew, and then all is asked again.

import { FROM_HELPER, read, type Message, type TO_HELPER } from "../messages";
import { frameAddress, type Page, type Word } from "./page";

/** A part of the embed that has something to ask. */
export interface Asker {
  /** The frame is there, for the first time or again: whatever was under way is lost. */
  ready(): void;
  hear(message: Message<typeof FROM_HELPER>): void;
}

export interface Helper {
  /** Whether the frame hears what is posted now. */
  readonly ready: boolean;
  /** Makes the frame when there is none; its askers hear when it is ready. */
  need(): void;
  post(message: Message<typeof TO_HELPER>): void;
  join(asker: Asker): void;
}

/** The frame; `word` is what the shop says of the shopper, for a session that depends on it. */
export function helperFrame(page: Page, word: () => Promise<Word>): Helper {
  const iframe = document.createElement("iframe");
  const askers: Asker[] = [];
  /** The window that said that it is ready. A frame that was thrown out has none, one that is back has another. */
  let speaker: unknown;

  const isReady = () => !!speaker && speaker === iframe.contentWindow;
  const post = (message: Message<typeof TO_HELPER>) => {
    if (isReady()) iframe.contentWindow!.postMessage(message, page.origin);
  };

  addEventListener("message", (event) => {
    if (event.source !== iframe.contentWindow || event.origin !== page.origin) return;
    const message = read(FROM_HELPER, event.data);
    if (message?.type === "ready") {
      speaker = event.source;
      for (const asker of askers) asker.ready();
    } else if (message?.type === "ask-identity") {
      void word().then(post);
    } else if (message) {
      for (const asker of askers) asker.hear(message);
    }
  }, { signal: page.signal });

  return {
    get ready() { return isReady(); },
    need() {
      if (iframe.src) return;
      iframe.hidden = true;
      iframe.title = "Loyalty";
      iframe.src = frameAddress(page, "/badge");
      page.root.append(iframe);
    },
    post,
    join(asker) { askers.push(asker); },
  };
}
