<?php
/**
 * The connection code that the dashboard shows: wc1.<base64url of JSON>.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * A connection code, read and checked.
 */
class Loyalty_Widget_Code {
	const PREFIX     = 'wc1.';
	const MAX_LENGTH = 2000;

	/**
	 * Address of the widget server, without a slash at its end.
	 *
	 * @var string
	 */
	public $server_url;

	/**
	 * Id of the shop on that server.
	 *
	 * @var string
	 */
	public $shop_id;

	/**
	 * The token that may be used once.
	 *
	 * @var string
	 */
	public $token;

	/**
	 * Keeps the three parts.
	 *
	 * @param string $server_url Address of the server.
	 * @param string $shop_id    Id of the shop.
	 * @param string $token      Token for one use.
	 */
	private function __construct( string $server_url, string $shop_id, string $token ) {
		$this->server_url = $server_url;
		$this->shop_id    = $shop_id;
		$this->token      = $token;
	}

	/**
	 * Returns the code in a pasted text, which mail programs may have broken into lines.
	 *
	 * @param string $pasted What was pasted.
	 * @throws Loyalty_Widget_Refusal When it is no connection code.
	 */
	public static function of( string $pasted ): self {
		$text = (string) preg_replace( '/\s+/', '', $pasted );
		if ( '' === $text ) {
			throw self::refusal( __( 'paste the code that the dashboard shows under “Shop connection”.', 'loyalty-widget' ) );
		}
		if ( 0 !== strpos( $text, self::PREFIX ) ) {
			throw self::refusal( __( 'this is no connection code. It begins with “wc1.”.', 'loyalty-widget' ) );
		}
		$parts = strlen( $text ) > self::MAX_LENGTH ? null : self::parts( substr( $text, strlen( self::PREFIX ) ) );
		if ( null === $parts ) {
			throw self::refusal( __( 'a part of the code is missing. Copy it again, to its end.', 'loyalty-widget' ) );
		}
		if ( ! self::is_safe_address( $parts['u'] ) ) {
			throw self::refusal( __( 'the address of the widget server in it does not begin with https://.', 'loyalty-widget' ) );
		}
		return new self( rtrim( $parts['u'], '/' ), $parts['s'], $parts['t'] );
	}

	/**
	 * Returns whether secrets may be sent to an address: https, or http on this machine alone.
	 *
	 * @param string $address The address.
	 */
	public static function is_safe_address( string $address ): bool {
		$parts = wp_parse_url( $address );
		if ( ! is_array( $parts ) || empty( $parts['host'] ) || isset( $parts['user'] ) || isset( $parts['fragment'] ) ) {
			return false;
		}
		$scheme = strtolower( $parts['scheme'] ?? '' );
		$host   = strtolower( $parts['host'] );
		$local  = in_array( $host, array( 'localhost', '127.0.0.1', '[::1]' ), true ) || '.localhost' === substr( $host, -10 );
		return 'https' === $scheme || ( 'http' === $scheme && $local );
	}

	/**
	 * Returns u, s and t of the encoded part; null unless all three are there and well formed.
	 *
	 * @param string $encoded What follows the prefix.
	 */
	private static function parts( string $encoded ): ?array {
		if ( 1 !== preg_match( '/^[A-Za-z0-9_-]+$/D', $encoded ) ) {
			return null;
		}
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_decode -- The code is base64url by contract.
		$found = json_decode( (string) base64_decode( strtr( $encoded, '-_', '+/' ), true ), true );
		foreach ( array( 'u', 's', 't' ) as $name ) {
			if ( ! is_array( $found ) || ! isset( $found[ $name ] ) || ! is_string( $found[ $name ] ) || '' === $found[ $name ] ) {
				return null;
			}
		}
		$plain = 1 === preg_match( '/^[\w-]{1,64}$/D', $found['s'] ) && 1 === preg_match( '/^[\w.~+\/=-]{16,200}$/D', $found['t'] );
		return $plain ? $found : null;
	}

	/**
	 * Returns a refusal of the one field.
	 *
	 * @param string $why The reason.
	 */
	private static function refusal( string $why ): Loyalty_Widget_Refusal {
		return new Loyalty_Widget_Refusal( $why, __( 'Connection code', 'loyalty-widget' ) );
	}
}
