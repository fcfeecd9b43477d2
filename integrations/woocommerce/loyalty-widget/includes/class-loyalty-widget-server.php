<?php
/**
 * The two calls to the widget server: the only requests that this plugin sends.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * Requests of the widget server.
 */
class Loyalty_Widget_Server {
	const SECONDS = 30;
	const NEEDED  = array( 'script_src', 'identity_secret', 'webhook_secret', 'shop_name', 'referral_param' );

	/**
	 * Returns the body of the call that connects the shop.
	 *
	 * @param string $token     Token of the connection code.
	 * @param string $store_url Address of this shop.
	 * @param array  $keys      Keys consumer_key and consumer_secret.
	 */
	public static function link_body( string $token, string $store_url, array $keys ): string {
		return (string) wp_json_encode(
			array(
				'token'           => $token,
				'store_url'       => untrailingslashit( $store_url ),
				'consumer_key'    => $keys['consumer_key'],
				'consumer_secret' => $keys['consumer_secret'],
				'plugin_version'  => LOYALTY_WIDGET_VERSION,
			)
		);
	}

	/**
	 * Connects the shop. Returns the server's facts for it.
	 *
	 * @param Loyalty_Widget_Code $code      The connection code.
	 * @param string              $store_url Address of this shop.
	 * @param array               $keys      Keys consumer_key and consumer_secret.
	 * @throws Loyalty_Widget_Refusal When the server refuses, does not respond, or responds with something else.
	 */
	public static function link( Loyalty_Widget_Code $code, string $store_url, array $keys ): array {
		$address = self::address( $code->server_url, $code->shop_id, 'link' );
		return self::facts( self::post( $address, self::link_body( $code->token, $store_url, $keys ), array() ) );
	}

	/**
	 * Ends the connection. Doing it twice is no error.
	 *
	 * @param string $server_url Address of the widget server.
	 * @param string $shop_id    Id of the shop there.
	 * @param string $store_url  Address of this shop.
	 * @param string $secret     The webhook secret, which signs the request.
	 * @throws Loyalty_Widget_Refusal When the server refuses or does not respond.
	 */
	public static function unlink( string $server_url, string $shop_id, string $store_url, string $secret ) {
		$body    = (string) wp_json_encode( array( 'store_url' => untrailingslashit( $store_url ) ) );
		$headers = array( 'X-WC-Webhook-Signature' => Loyalty_Widget_Token::signature( $body, $secret ) );
		self::post( self::address( $server_url, $shop_id, 'unlink' ), $body, $headers );
	}

	/**
	 * Returns the facts of a response to `link`, checked.
	 *
	 * @param array $found The decoded body.
	 * @throws Loyalty_Widget_Refusal When one is missing, or the script is not on a safe address.
	 */
	public static function facts( array $found ): array {
		$facts = array();
		foreach ( self::NEEDED as $name ) {
			if ( ! isset( $found[ $name ] ) || ! is_string( $found[ $name ] ) || '' === $found[ $name ] ) {
				/* translators: %s: name of a field. */
				throw new Loyalty_Widget_Refusal( sprintf( __( 'The widget server’s response lacks “%s”: it is another version than this plugin expects.', 'loyalty-widget' ), $name ) );
			}
			$facts[ $name ] = $found[ $name ];
		}
		if ( ! Loyalty_Widget_Code::is_safe_address( $facts['script_src'] ) ) {
			throw new Loyalty_Widget_Refusal( __( 'The widget server’s response names a script without https://.', 'loyalty-widget' ) );
		}
		return $facts;
	}

	/**
	 * Returns why a response was no success, in words, and the field that is to blame.
	 *
	 * @param int    $status HTTP status.
	 * @param string $body   The raw body.
	 */
	public static function refusal( int $status, string $body ): Loyalty_Widget_Refusal {
		$found = json_decode( $body, true );
		$error = is_array( $found ) && isset( $found['error'] ) && is_array( $found['error'] ) ? $found['error'] : array();
		if ( ! isset( $error['message'] ) || ! is_string( $error['message'] ) || '' === $error['message'] ) {
			/* translators: %d: HTTP status, such as 502. */
			return new Loyalty_Widget_Refusal( sprintf( __( 'The address of the widget server responded with %d, not as a widget server does.', 'loyalty-widget' ), $status ) );
		}
		$labels = array(
			'token'           => __( 'Connection code', 'loyalty-widget' ),
			'store_url'       => __( 'Site Address (Settings → General)', 'loyalty-widget' ),
			'consumer_key'    => __( 'REST API key', 'loyalty-widget' ),
			'consumer_secret' => __( 'REST API key', 'loyalty-widget' ),
		);
		$field  = isset( $error['field'] ) && is_string( $error['field'] ) ? $error['field'] : '';
		if ( 401 === $status || 404 === $status ) {
			$field = 'token'; // The code is used up, too old, or of another shop.
		}
		return new Loyalty_Widget_Refusal( $error['message'], $labels[ $field ] ?? $field );
	}

	/**
	 * Returns the address of a call.
	 *
	 * @param string $server_url Address of the widget server.
	 * @param string $shop_id    Id of the shop there.
	 * @param string $call       Name of the call: link or unlink.
	 */
	private static function address( string $server_url, string $shop_id, string $call ): string {
		return $server_url . '/stores/woocommerce/' . rawurlencode( $shop_id ) . '/' . $call;
	}

	/**
	 * Sends a body. Returns the decoded response.
	 *
	 * @param string $address The address.
	 * @param string $body    The raw body.
	 * @param array  $headers Further headers.
	 * @throws Loyalty_Widget_Refusal When the response is no success.
	 */
	private static function post( string $address, string $body, array $headers ): array {
		$response = wp_remote_post(
			$address,
			array(
				'timeout'     => self::SECONDS,
				'redirection' => 0, // A redirect would carry the keys to another address.
				'headers'     => array_merge( array( 'Content-Type' => 'application/json' ), $headers ),
				'body'        => $body,
			)
		);
		if ( is_wp_error( $response ) ) {
			/* translators: 1: address of the server, 2: a technical reason. */
			throw new Loyalty_Widget_Refusal( sprintf( __( 'The widget server at %1$s does not respond: %2$s', 'loyalty-widget' ), (string) wp_parse_url( $address, PHP_URL_HOST ), $response->get_error_message() ) );
		}
		$status = (int) wp_remote_retrieve_response_code( $response );
		$text   = (string) wp_remote_retrieve_body( $response );
		if ( $status < 200 || $status > 299 ) {
			$refusal = self::refusal( $status, $text );
			throw $refusal;
		}
		$found = json_decode( $text, true );
		return is_array( $found ) ? $found : array();
	}
}
