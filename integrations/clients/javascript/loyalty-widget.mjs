// What a shop needs to talk to a loyalty server: Node 20 or newer, no package. docs/any-shop.md shows its use.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

const AMOUNTS = ["subtotal", "discount", "loose_discount", "tax", "shipping", "total", "amount"];
const seconds = (now) => Math.floor(now ?? Date.now() / 1000);
const b64 = (value) => Buffer.from(value).toString("base64url");
const hmac = (key, text, form) => createHmac("sha256", key).update(text).digest(form);

/** Returns the value of `webhook-signature` for this content (text); `secret` as whsec_... */
export function sign(secret, id, timestamp, content) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  return "v1," + hmac(key, `${id}.${timestamp}.${content}`, "base64");
}

/** True when one of the signatures is right and the time (Unix seconds) is within five minutes of now. */
export function verify(secret, id, timestamp, signature, content, now) {
  if (!id || !/^\d{1,12}$/.test(timestamp) || Math.abs((now ?? Date.now() / 1000) - Number(timestamp)) > 300) return false;
  const right = Buffer.from(sign(secret, id, timestamp, content));
  const fits = (one) => one.length === right.length && timingSafeEqual(one, right);
  return signature.split(" ").some((one) => fits(Buffer.from(one)));
}

/** Returns the token (JWT) for a signed-in customer: {id, email, email_verified, name, locale}. */
export function identityToken(shopId, secret, customer, now, jti) {
  const iat = seconds(now);
  const claims = { aud: shopId, sub: customer.id };
  for (const name of ["email", "email_verified", "name", "locale"]) if (name in customer) claims[name] = customer[name];
  Object.assign(claims, { jti: jti ?? randomUUID(), iat, exp: iat + 300 });
  const text = [{ alg: "HS256", typ: "JWT" }, claims].map((part) => b64(JSON.stringify(part))).join(".");
  return `${text}.${hmac(secret, text, "base64url")}`;
}

/** Returns the weaker digest in place of a token, for a shop that has turned it on (`identity_digest`). */
export function identityDigest(shopId, secret, customerId, email = "", now) {
  const parts = `${b64(customerId)}.${b64(email)}.${seconds(now)}`;
  return `d1.${parts}.${hmac(secret, `d1.${shopId}.${parts}`, "hex")}`;
}

/** Returns an amount in whole coins (a whole number or BigInt) as the exact decimal text: 1980 -> "19.80". */
export function amount(coins, decimals = 2) {
  const value = BigInt(coins), digits = String(value < 0n ? -value : value).padStart(decimals + 1, "0");
  const at = digits.length - decimals;
  return (value < 0n ? "-" : "") + digits.slice(0, at) + (decimals ? "." + digits.slice(at) : "");
}

/**
 * Returns the body of an order whose amounts are whole coins; sums, tax and total are computed.
 * `discount` of the order is what no line carries, `shipping_tax` is added to the tax of the lines.
 */
export function orderBody({ decimals = 2, shipping_tax = 0, shipping = 0, discount: loose = 0, tax_included, ...facts }) {
  const sum = (name) => facts.lines.reduce((so_far, line) => so_far + (line[name] ?? 0), 0);
  const discount = loose + sum("discount"), tax = shipping_tax + sum("tax");
  const total = sum("subtotal") - discount + shipping + (tax_included ? 0 : tax);
  for (const name of ["loose_discount", "tax", "total"]) delete facts[name];
  const sums = { shipping, discount, loose_discount: loose, tax, total, tax_included: !!tax_included };
  return texts({ ...facts, ...sums }, decimals);
}

/**
 * Sends a body to `order`, `order?dry_run=1`, `customer`, `coupons/check`..., or reads `orders/{id}` without one.
 * Returns the status and the JSON of the response, null for a page of a proxy. After a status of 500 or above, or an
 * error, send it again.
 */
export async function request(baseUrl, shopId, webhookSecret, path, body) {
  const content = body === undefined ? `GET ${path}` : typeof body === "string" ? body : JSON.stringify(body);
  const id = `msg_${randomUUID()}`, timestamp = String(seconds());
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "content-type": "application/json" };
  headers["webhook-signature"] = sign(webhookSecret, id, timestamp, content);
  const call = body === undefined ? { headers } : { method: "POST", body: content, headers };
  const place = body === undefined ? path.split("/").map(encodeURIComponent).join("/") : path;
  const address = `${baseUrl}/stores/generic/${shopId}/${place}`;
  const response = await fetch(address, { ...call, signal: AbortSignal.timeout(10_000) });
  return { status: response.status, body: await response.json().catch(() => null) };
}

function texts(value, decimals) {
  if (Array.isArray(value)) return value.map((one) => texts(one, decimals));
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  const named = ([name, one]) => [name, AMOUNTS.includes(name) ? amount(one, decimals) : texts(one, decimals)];
  return Object.fromEntries(Object.entries(value).map(named));
}
