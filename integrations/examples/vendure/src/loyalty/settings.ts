// What `widget-server shop create --json` printed. Secrets: never in a page.
const need = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

export const URL = need("LOYALTY_URL");
export const SHOP_ID = need("LOYALTY_SHOP_ID");
export const EMBED_KEY = need("LOYALTY_EMBED_KEY");
export const IDENTITY_SECRET = need("LOYALTY_IDENTITY_SECRET");
export const SHOP = [URL, SHOP_ID, need("LOYALTY_WEBHOOK_SECRET")] as const;
export const QUEUE = "loyalty";

/** How long Vendure's job queue waits after a failed attempt: doubling up to a day. */
export const pause = (attempts: number): number =>
  Math.min(Number(process.env.LOYALTY_PAUSE_SECONDS ?? 60) * 1000 * 2 ** (attempts - 1), 86_400_000);
