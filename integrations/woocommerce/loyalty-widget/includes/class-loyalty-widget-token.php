<?php
/**
 * The shop's signed word on who the customer is: a JWT, HS256.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * Signs identity tokens and request bodies.
 */
class Loyalty_Widget_Token {
	const SECONDS = 300;

	/**
	 * Returns what a token says of a customer.
	 *
	 * @param string $shop_id  Id of the shop on the widget server.
	 * @param array  $customer Keys id, email, email_verified, name, locale.
	 * @param int    $now      Unix time.
	 * @param string $jti      Id of this token, used once.
	 */
	public static function claims( string $shop_id, array $customer, int $now, string $jti ): array {
		$claims = array(
			'aud'            => $shop_id,
			'sub'            => (string) $customer['id'],
			'email'          => $customer['email'],
			'email_verified' => (bool) $customer['email_verified'],
			'name'           => $customer['name'],
			'locale'         => self::language( $customer['locale'] ),
			'jti'            => $jti,
			'iat'            => $now,
			'exp'            => $now + self::SECONDS,
		);
		return array_filter(
			$claims,
			static function ( $value ) {
				return '' !== $value;
			}
		);
	}

	/**
	 * Returns the language tag of one of WordPress' locales: de-AT for de_AT, de-DE for de_DE_formal.
	 *
	 * @param string $locale The locale.
	 */
	public static function language( string $locale ): string {
		return str_replace( '_', '-', (string) preg_replace( '/_(formal|informal|ao90|valencia)$/D', '', $locale ) );
	}

	/**
	 * Returns the signed token.
	 *
	 * @param array  $claims What it says.
	 * @param string $secret The shop's identity secret.
	 */
	public static function sign( array $claims, string $secret ): string {
		$head = self::encode(
			(string) wp_json_encode(
				array(
					'alg' => 'HS256',
					'typ' => 'JWT',
				)
			)
		);
		$text = $head . '.' . self::encode( (string) wp_json_encode( $claims ) );
		return $text . '.' . self::encode( hash_hmac( 'sha256', $text, $secret, true ) );
	}

	/**
	 * Returns the signature of a body as WooCommerce signs its webhooks.
	 *
	 * @param string $body   The raw body.
	 * @param string $secret The webhook secret.
	 */
	public static function signature( string $body, string $secret ): string {
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode -- The header's form by contract.
		return base64_encode( hash_hmac( 'sha256', $body, $secret, true ) );
	}

	/**
	 * Returns base64url without padding.
	 *
	 * @param string $bytes The bytes.
	 */
	private static function encode( string $bytes ): string {
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode -- A JWT is base64url.
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' );
	}
}
