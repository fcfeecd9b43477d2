<?php
/**
 * The signed word on who is logged in.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * GET loyalty-widget/v1/token with the REST nonce returns a token for the customer, 204 for a guest. A page from a
 * cache may have an old nonce, so the script can get a new one: other sites cannot read that response.
 */
class Loyalty_Widget_Identity {
	const SPACE = 'loyalty-widget/v1';
	const ROUTE = '/token';

	const NO_STORE = 'no-store, private';

	/**
	 * Registers the route and the address of the nonce.
	 */
	public static function register() {
		add_action( 'rest_api_init', array( __CLASS__, 'routes' ) );
		add_action( 'wc_ajax_loyalty_widget_nonce', array( __CLASS__, 'nonce' ) );
	}

	/**
	 * Registers the route.
	 */
	public static function routes() {
		register_rest_route(
			self::SPACE,
			self::ROUTE,
			array(
				'methods'             => WP_REST_Server::READABLE,
				'callback'            => array( __CLASS__, 'token' ),
				// Everybody may ask: without a valid REST nonce WordPress knows no user here, and a guest gets no token.
				'permission_callback' => '__return_true',
			)
		);
	}

	/**
	 * Returns the token, or 204.
	 */
	public static function token(): WP_REST_Response {
		self::keep_out_of_caches();
		$user     = wp_get_current_user();
		$secret   = Loyalty_Widget_Connection::secret( 'identity_secret' );
		$response = new WP_REST_Response( null, 204 );
		if ( $user->exists() && '' !== $secret ) {
			$claims   = Loyalty_Widget_Token::claims( Loyalty_Widget_Connection::fact( 'shop_id' ), self::customer( $user ), time(), wp_generate_uuid4() );
			$response = new WP_REST_Response( array( 'token' => Loyalty_Widget_Token::sign( $claims, $secret ) ), 200 );
		}
		$response->header( 'Cache-Control', self::NO_STORE );
		return $response;
	}

	/**
	 * Returns WordPress' headers against caching, with the word that forbids to store a response.
	 *
	 * @param array $headers The headers.
	 */
	public static function no_store( $headers ) {
		return array_merge( (array) $headers, array( 'Cache-Control' => self::NO_STORE ) );
	}

	/**
	 * Prints a new REST nonce for whoever is logged in; 204 for a guest.
	 */
	public static function nonce() {
		self::keep_out_of_caches();
		header( 'Cache-Control: ' . self::NO_STORE );
		if ( ! is_user_logged_in() ) {
			status_header( 204 );
			exit;
		}
		wp_send_json( array( 'nonce' => wp_create_nonce( 'wp_rest' ) ) );
	}

	/**
	 * Returns what the shop knows of a customer.
	 *
	 * @param WP_User $user The user.
	 */
	private static function customer( WP_User $user ): array {
		$name = trim( $user->first_name . ' ' . $user->last_name );
		return array(
			'id'             => $user->ID,
			'email'          => $user->user_email,
			/**
			 * Whether this shop has verified the customer's e-mail address. WordPress lets anybody register with any
			 * address, and points that wait for an address go to whoever has verified it.
			 *
			 * @param bool    $verified False by default.
			 * @param WP_User $user     The customer.
			 */
			'email_verified' => true === apply_filters( 'loyalty_widget_email_verified', false, $user ),
			'name'           => '' === $name ? $user->display_name : $name,
			'locale'         => get_user_locale( $user ),
		);
	}

	/**
	 * Tells page caches to store nothing of this request. WordPress writes headers of its own over ours when it ends a
	 * request, which let a cache store the response: so the word is added to those.
	 */
	private static function keep_out_of_caches() {
		add_filter( 'rest_send_nocache_headers', '__return_true' );
		add_filter( 'nocache_headers', array( __CLASS__, 'no_store' ) );
		foreach ( array( 'DONOTCACHEPAGE', 'DONOTCACHEOBJECT', 'DONOTCACHEDB' ) as $name ) {
			if ( ! defined( $name ) ) {
				define( $name, true ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals -- The names that page caches know.
			}
		}
	}
}
