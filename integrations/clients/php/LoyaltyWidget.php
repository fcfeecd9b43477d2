<?php

declare(strict_types=1);

/** What a shop needs to talk to a loyalty server: PHP 8.1 or newer, no package. docs/any-shop.md shows its use. */
final class LoyaltyWidget
{
    private const AMOUNTS = ['subtotal', 'discount', 'loose_discount', 'tax', 'shipping', 'total', 'amount'];
    private const JSON = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS
        | JSON_THROW_ON_ERROR;

    /** Returns the value of `webhook-signature` for this content; `$secret` as whsec_... */
    public static function sign(string $secret, string $id, string $timestamp, string $content): string
    {
        $key = base64_decode((string) preg_replace('/^whsec_/', '', $secret));
        return 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$content", $key, true));
    }

    /** True when one of the signatures is right and the time (Unix seconds) is within five minutes of now. */
    public static function verify(
        string $secret, string $id, string $timestamp, string $signature, string $content, ?int $now = null
    ): bool {
        if ($id === '' || !preg_match('/^\d{1,12}$/D', $timestamp) || abs(($now ?? time()) - (int) $timestamp) > 300) {
            return false;
        }
        $right = self::sign($secret, $id, $timestamp, $content);
        return in_array(true, array_map(fn ($one) => hash_equals($right, $one), explode(' ', $signature)), true);
    }

    /** Returns the token (JWT) for a signed-in customer: ['id', 'email', 'email_verified', 'name', 'locale']. */
    public static function identityToken(
        string $shopId, string $secret, array $customer, ?int $now = null, ?string $jti = null
    ): string {
        $now ??= time();
        $claims = ['aud' => $shopId, 'sub' => (string) $customer['id']];
        foreach (['email', 'email_verified', 'name', 'locale'] as $name) {
            $claims += array_key_exists($name, $customer) ? [$name => $customer[$name]] : [];
        }
        $claims += ['jti' => $jti ?? bin2hex(random_bytes(16)), 'iat' => $now, 'exp' => $now + 300];
        $parts = [['alg' => 'HS256', 'typ' => 'JWT'], $claims];
        $text = implode('.', array_map(fn ($part) => self::b64(json_encode($part, self::JSON)), $parts));
        return "$text." . self::b64(hash_hmac('sha256', $text, $secret, true));
    }

    /** Returns the weaker digest in place of a token, for a shop that has turned it on (`identity_digest`). */
    public static function identityDigest(
        string $shopId, string $secret, string $customerId, string $email = '', ?int $now = null
    ): string {
        $parts = self::b64($customerId) . '.' . self::b64($email) . '.' . ($now ?? time());
        return "d1.$parts." . hash_hmac('sha256', "d1.$shopId.$parts", $secret);
    }

    /** Returns an amount in whole coins (an int, or its digits as text) as the exact decimal text: 1980 -> "19.80". */
    public static function amount(int|string $coins, int $decimals = 2): string
    {
        $digits = str_pad(ltrim((string) $coins, '-'), $decimals + 1, '0', STR_PAD_LEFT);
        $at = strlen($digits) - $decimals;
        $text = substr($digits, 0, $at) . ($decimals ? '.' . substr($digits, $at) : '');
        return ((string) $coins)[0] === '-' ? "-$text" : $text;
    }

    /**
     * Returns the body of an order whose amounts are whole coins; sums, tax and total are computed.
     * `discount` of the order is what no line carries, `shipping_tax` is added to the tax of the lines.
     */
    public static function orderBody(array $order): array
    {
        $sum = fn (string $name): int => array_sum(array_map(fn ($line) => $line[$name] ?? 0, $order['lines']));
        [$loose, $shipping, $included] = [$order['discount'] ?? 0, $order['shipping'] ?? 0, $order['tax_included'] ?? false];
        [$discount, $tax] = [$loose + $sum('discount'), ($order['shipping_tax'] ?? 0) + $sum('tax')];
        $total = $sum('subtotal') - $discount + $shipping + ($included ? 0 : $tax);
        $sums = ['shipping' => $shipping, 'discount' => $discount, 'loose_discount' => $loose, 'tax' => $tax];
        $sums += ['total' => $total, 'tax_included' => (bool) $included];
        $facts = array_diff_key($order, ['decimals' => 0, 'shipping_tax' => 0], $sums);
        return self::texts([...$facts, ...$sums], $order['decimals'] ?? 2);
    }

    /**
     * Send a body to `order`, `order?dry_run=1`, `customer`, `coupons/check`..., or read `orders/{id}` without one.
     * Returns ['status', 'body']; a status of 0 is no response. After 0 and 500 or above send it again.
     */
    public static function request(
        string $baseUrl, string $shopId, string $webhookSecret, string $path, array|string|null $body = null
    ): array {
        $content = $body === null ? "GET $path" : (is_string($body) ? $body : json_encode($body, self::JSON));
        [$id, $timestamp] = ['msg_' . bin2hex(random_bytes(16)), (string) time()];
        $headers = ["webhook-id: $id", "webhook-timestamp: $timestamp", 'content-type: application/json'];
        $headers[] = 'webhook-signature: ' . self::sign($webhookSecret, $id, $timestamp, $content);
        $http = ['header' => $headers, 'timeout' => 10, 'ignore_errors' => true];
        $http += $body === null ? [] : ['method' => 'POST', 'content' => $content];
        $place = $body === null ? str_replace('%2F', '/', rawurlencode($path)) : $path;
        $context = stream_context_create(['http' => $http]);
        $text = @file_get_contents("$baseUrl/stores/generic/$shopId/$place", false, $context);
        $status = (int) (explode(' ', $http_response_header[0] ?? '')[1] ?? 0);
        return ['status' => $status, 'body' => $text === false ? null : json_decode($text, true)];
    }

    private static function texts(mixed $value, int $decimals, int|string $name = ''): mixed
    {
        if (is_array($value)) {
            $keys = array_keys($value);
            return array_combine($keys, array_map(fn ($one, $key) => self::texts($one, $decimals, $key), $value, $keys));
        }
        return in_array($name, self::AMOUNTS, true) ? self::amount($value, $decimals) : $value;
    }

    private static function b64(string $value): string
    {
        return rtrim(strtr(base64_encode($value), '+/', '-_'), '=');
    }
}
