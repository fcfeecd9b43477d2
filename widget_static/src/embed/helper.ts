// The helper: a small hidden frame of ours that sends requests where a strict CSP forbids the page to send them.
// It is created when first needed. A page that replaces its body makes the browser reload the frame; then everything is
// requested again.

import { FROM_HELPER, read, type Message, type TO_HELPER } from "../messages";
import { frameAddress, type Page, type Identity } from "./page";

/** A part of the embed that uses the helper. */
export interface HelperClient {
  /** The frame has loaded, for the first time or again: requests in progress are lost. */
  ready(): void;
  handle(message: Message<typeof FROM_HELPER>): void;
}

export interface Helper {
  /** Whether the frame receives what is posted now. */
  readonly ready: boolean;
  /** Creates the frame when there is none; its clients are called when it is ready. */
  create(): void;
  post(message: Message<typeof TO_HELPER>): void;
  register(client: HelperClient): void;
}

/** The frame; `identity` is the shop's token for the shopper, for a session that depends on it. */
export function helperFrame(page: Page, identity: () => Promise<Identity>): Helper {
  const iframe = document.createElement("iframe");
  const clients: HelperClient[] = [];
  /** The window that posted "ready". A removed frame has none; one that was inserted again has a new one. */
  let readyWindow: unknown;

  const isReady = () => !!readyWindow && readyWindow === iframe.contentWindow;
  const post = (message: Message<typeof TO_HELPER>) => {
    if (isReady()) iframe.contentWindow!.postMessage(message, page.origin);
  };

  addEventListener("message", (event) => {
    if (event.source !== iframe.contentWindow || event.origin !== page.origin) return;
    const message = read(FROM_HELPER, event.data);
    if (message?.type === "ready") {
      readyWindow = event.source;
      for (const client of clients) client.ready();
    } else if (message?.type === "ask-identity") {
      void identity().then(post);
    } else if (message) {
      for (const client of clients) client.handle(message);
    }
  }, { signal: page.signal });

  return {
    get ready() { return isReady(); },
    create() {
      if (iframe.src) return;
      iframe.hidden = true;
      iframe.title = "Loyalty";
      iframe.src = frameAddress(page, "/badge");
      page.root.append(iframe);
    },
    post,
    register(client) { clients.push(client); },
  };
}
