<?php
/**
 * A friend's code: kept with the order and the registration, where the widget server reads it.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * The widget stores a friend's code in the browser, with consent where the shop requires it. The script reports it on
 * the cart and checkout pages; it is kept in the cart's own session, without a cookie of ours.
 */
class Loyalty_Widget_Referral {
	const ACTION = 'loyalty_widget_ref';
	const META   = '_loyalty_ref';

	/**
	 * Registers the hooks of both checkouts and of the registration.
	 */
	public static function register() {
		add_action( 'wc_ajax_' . self::ACTION, array( __CLASS__, 'keep' ) );
		add_action( 'woocommerce_checkout_create_order', array( __CLASS__, 'mark' ) );
		add_action( 'woocommerce_store_api_checkout_update_order_meta', array( __CLASS__, 'mark_and_save' ) );
		add_action( 'woocommerce_created_customer', array( __CLASS__, 'mark_customer' ) );
	}

	/**
	 * Returns the code in a text; empty text when it cannot be one.
	 *
	 * @param string $text The text.
	 */
	public static function code( string $text ): string {
		return 1 === preg_match( '/^[\w-]{1,64}$/D', $text ) ? $text : '';
	}

	/**
	 * Keeps a reported code in the cart's session.
	 */
	public static function keep() {
		check_ajax_referer( self::ACTION, 'security' );
		$code = isset( $_POST['code'] ) ? self::code( sanitize_text_field( wp_unslash( $_POST['code'] ) ) ) : '';
		if ( '' !== $code && WC()->session ) {
			WC()->session->set( self::ACTION, $code );
		}
		status_header( 204 );
		exit;
	}

	/**
	 * Adds the code to an order that is saved later.
	 *
	 * @param WC_Order $order The order.
	 */
	public static function mark( $order ) {
		$code = self::kept();
		if ( '' !== $code ) {
			$order->update_meta_data( self::META, $code );
		}
	}

	/**
	 * Adds the code to an order of the block checkout.
	 *
	 * @param WC_Order $order The order.
	 */
	public static function mark_and_save( $order ) {
		if ( '' !== self::kept() ) {
			self::mark( $order );
			$order->save_meta_data();
		}
	}

	/**
	 * Adds the code to a new customer.
	 *
	 * @param int $customer_id Id of the user.
	 */
	public static function mark_customer( $customer_id ) {
		$code = self::kept();
		if ( '' !== $code ) {
			update_user_meta( (int) $customer_id, self::META, $code );
		}
	}

	/**
	 * Returns the code in the cart's session; empty text without one.
	 */
	private static function kept(): string {
		return WC()->session ? self::code( (string) WC()->session->get( self::ACTION, '' ) ) : '';
	}
}
