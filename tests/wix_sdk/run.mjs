// The official SDK, unmodified, in a process of its own. A line on stdin is {as, code, given}: `code` is the body of an
// async function of (client, loyalty, given). The line that answers it is {value, called} or {error}.
import { createInterface } from "node:readline";
import * as loyalty from "@wix/loyalty";
import { ApiKeyStrategy, AppStrategy, OAuthStrategy, createClient } from "@wix/sdk";

const SERVER = process.argv[2];
const WIX = ["https://www.wixapis.com", "https://edge.wixapis.com"];
const AsyncFunction = (async () => {}).constructor;
const network = globalThis.fetch;
const clients = new Map();

/** What goes to Wix goes to the server under test; nothing else leaves. Tokens are asked for by the global fetch. */
const fetch = (globalThis.fetch = (address, options) => {
  const { origin, pathname, search } = new URL(address);
  if (!WIX.includes(origin)) throw new Error(`${address} is none of Wix's`);
  return network(`${SERVER}${pathname}${search}`, options);
});

const STRATEGIES = {
  ApiKey: ApiKeyStrategy,
  App: AppStrategy,
  OAuth: OAuthStrategy,
  /** A member whom a server of the shop signs in, without Wix's login page. */
  async Member({ memberId, apiKey, ...facts }) {
    const strategy = OAuthStrategy(facts);
    strategy.setTokens(await strategy.generateVisitorTokens());
    strategy.setTokens(await strategy.getMemberTokensForExternalLogin(memberId, apiKey));
    return strategy;
  },
};

async function clientFor({ strategy, ...facts }) {
  const key = JSON.stringify([strategy, facts]);
  if (!clients.has(key)) {
    const auth = strategy ? await STRATEGIES[strategy](facts) : undefined;
    clients.set(key, createClient({ auth, fetch, modules: loyalty }));
  }
  return clients.get(key);
}

/** The client, noting which functions of which module are used. */
function noting(client, called) {
  const module = (name) =>
    new Proxy(client[name], { get: (functions, one) => (called.add(`${name}.${String(one)}`), functions[one]) });
  return new Proxy(client, { get: (all, name) => (name in loyalty ? module(name) : all[name]) });
}

/** Dates stay dates, both ways: {"$date": "..."} in between. */
function written(key, value) {
  return this[key] instanceof Date ? { $date: value } : value;
}

function read(key, value) {
  return value?.$date ? new Date(value.$date) : value;
}

async function answer({ as, code, given }) {
  const called = new Set();
  try {
    const client = noting(await clientFor(as), called);
    const value = await new AsyncFunction("client", "loyalty", "given", code)(client, loyalty, given);
    return { value, called: [...called] };
  } catch (error) {
    const { name, message, status, details, requestId, code: word } = error;
    return { error: { name, message, status, details, requestId, code: word } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line, read)), written));
}
