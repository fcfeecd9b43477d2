// A page of the shop: the SDK in a browser. esbuild bundles it; test_browsers.py opens it and calls `ask`.
import { accounts, programs } from "@wix/loyalty";
import { OAuthStrategy, createClient } from "@wix/sdk";

const network = globalThis.fetch.bind(globalThis);

/** Answers what a call says, or what it throws. */
globalThis.ask = async (server, strategy, call) => {
  const fetch = (globalThis.fetch = (address, options) => {
    const { pathname, search } = new URL(address);
    return network(`${server}${pathname}${search}`, options);
  });
  const client = createClient({ auth: OAuthStrategy(strategy), fetch, modules: { accounts, programs } });
  const [module, name] = call.split(".");
  try {
    return { value: await client[module][name]() };
  } catch ({ message, status, requestId, details }) {
    return { message, status, requestId, code: details?.applicationError?.code };
  }
};
