<?php
/**
 * The two script tags of the shop's pages: the widget itself, and what connects it with the cart.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * Prints the script tags. Neither is inline, so a strict content security policy needs no exception.
 */
class Loyalty_Widget_Storefront {
	const TAG = 'loyalty-widget-tag';

	/**
	 * Registers the tags.
	 */
	public static function register() {
		add_action( 'wp_footer', array( __CLASS__, 'print_tags' ), 20 );
	}

	/**
	 * Prints both tags. The second is printed first: it must hear the widget's events.
	 */
	public static function print_tags() {
		/**
		 * Whether this page shows the widget.
		 *
		 * @param bool $shown True by default.
		 */
		if ( ! apply_filters( 'loyalty_widget_is_shown', true ) ) {
			return;
		}
		$source = add_query_arg( 'ver', LOYALTY_WIDGET_VERSION, plugins_url( 'assets/storefront.js', LOYALTY_WIDGET_FILE ) );
		wp_print_script_tag( self::with_nonce( array_merge( array( 'src' => $source ), self::facts() ) ) );
		$parameter = Loyalty_Widget_Connection::fact( 'referral_param' );
		$tag       = array(
			'id'          => self::TAG,
			'async'       => true,
			'src'         => Loyalty_Widget_Connection::fact( 'script_src' ),
			'data-locale' => Loyalty_Widget_Token::language( determine_locale() ),
		);
		if ( 'ref' !== $parameter && '' !== $parameter ) {
			$tag['data-ref-param'] = $parameter;
		}
		wp_print_script_tag( self::with_nonce( $tag ) );
	}

	/**
	 * Returns the attributes with the page's CSP nonce, where a theme or a plugin has one.
	 *
	 * @param array $attributes Attributes of a script tag.
	 */
	private static function with_nonce( array $attributes ): array {
		/**
		 * The nonce of this page's content security policy. Plugins that use WordPress' own filter
		 * `wp_script_attributes` need not do anything.
		 *
		 * @param string $nonce Empty by default.
		 */
		$nonce = (string) apply_filters( 'loyalty_widget_csp_nonce', '' );
		return '' === $nonce ? $attributes : array_merge( $attributes, array( 'nonce' => $nonce ) );
	}

	/**
	 * Returns what the script needs to know of this page, as attributes of its tag.
	 */
	private static function facts(): array {
		$facts = array(
			'data-tag'       => self::TAG,
			'data-token'     => rest_url( Loyalty_Widget_Identity::SPACE . Loyalty_Widget_Identity::ROUTE ),
			'data-ajax'      => WC_AJAX::get_endpoint( '%%endpoint%%' ),
			'data-store-api' => rest_url( 'wc/store/v1/' ),
			'data-ref-param' => Loyalty_Widget_Connection::fact( 'referral_param' ),
			'data-failed'    => __( 'The cart does not respond. Enter the code at checkout.', 'loyalty-widget' ),
		);
		if ( is_user_logged_in() ) {
			$facts['data-nonce'] = wp_create_nonce( 'wp_rest' );
		}
		if ( is_cart() || is_checkout() ) {
			$facts['data-coupon-nonce'] = wp_create_nonce( 'apply-coupon' );
			$facts['data-ref-nonce']    = wp_create_nonce( Loyalty_Widget_Referral::ACTION );
		}
		return $facts;
	}
}
