// What the client in integrations/clients/javascript offers to TypeScript; a shop copies this file with it.
declare module "*/loyalty-widget.mjs" {
  export interface Person {
    id: string | null;
    email: string;
    email_verified: boolean;
    name: string;
  }
  export function amount(coins: number, decimals?: number): string;
  export function identityToken(shopId: string, secret: string, customer: Person): string;
  export function orderBody(order: Record<string, unknown>): Record<string, unknown>;
  export function request(
    baseUrl: string, shopId: string, webhookSecret: string, path: string, body?: unknown,
  ): Promise<{ status: number; body: any }>;
}
