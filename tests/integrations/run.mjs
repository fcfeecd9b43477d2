// Runs calls of the JavaScript client: a JSON list of {call, args} on standard input, a JSON list of results out.
import { readFileSync } from "node:fs";

const client = await import(`${process.argv[2]}/javascript/loyalty-widget.mjs`);
const calls = {
  sign: client.sign,
  verify: client.verify,
  token: client.identityToken,
  digest: client.identityDigest,
  amount: client.amount,
  order: (order) => JSON.stringify(client.orderBody(order)),
  request: async (...args) => { const { status, body } = await client.request(...args); return [status, body]; },
};
const results = [];
for (const { call, args } of JSON.parse(readFileSync(0, "utf8"))) results.push(await calls[call](...args));
process.stdout.write(JSON.stringify(results));
