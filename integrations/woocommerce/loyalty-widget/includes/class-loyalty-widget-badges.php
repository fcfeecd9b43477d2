<?php
/**
 * The points of a product, a cart and an order, filled in by the widget.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * Prints badges with the price as the shop shows it, and the tax that is in it.
 */
class Loyalty_Widget_Badges {
	const NONE = array( 'cancelled', 'failed', 'refunded', 'checkout-draft' );

	/**
	 * Registers the places.
	 */
	public static function register() {
		add_action( 'woocommerce_single_product_summary', array( __CLASS__, 'product' ), 15 );
		add_filter( 'woocommerce_available_variation', array( __CLASS__, 'variation' ), 10, 3 );
		add_action( 'woocommerce_cart_totals_after_order_total', array( __CLASS__, 'cart_row' ) );
		add_action( 'woocommerce_review_order_after_order_total', array( __CLASS__, 'cart_row' ) );
		add_filter( 'render_block_woocommerce/cart', array( __CLASS__, 'after_block' ) );
		add_filter( 'render_block_woocommerce/checkout', array( __CLASS__, 'after_block' ) );
		add_action( 'woocommerce_order_details_after_order_table', array( __CLASS__, 'order' ) );
	}

	/**
	 * Prints the badge of the product page.
	 */
	public static function product() {
		global $product;
		if ( ! $product instanceof WC_Product || '' === (string) $product->get_price() ) {
			return;
		}
		$shown = (float) wc_get_price_to_display( $product );
		self::print_badge( 'p', (string) $product->get_id(), $shown, self::tax_in( $product, $shown ) );
	}

	/**
	 * Adds price and tax to what the page knows of a variation; the script passes them to the badge.
	 *
	 * @param array               $facts     What the page knows.
	 * @param WC_Product          $product   The product.
	 * @param WC_Product_Variable $variation The variation.
	 */
	public static function variation( $facts, $product, $variation ) {
		$shown                  = (float) wc_get_price_to_display( $variation );
		$facts['loyalty_price'] = self::money( $shown );
		$facts['loyalty_tax']   = self::money( self::tax_in( $variation, $shown ) );
		return $facts;
	}

	/**
	 * Prints a row below the totals of the classic cart and checkout.
	 */
	public static function cart_row() {
		echo '<tr class="loyalty-widget-row"><td colspan="2">';
		self::cart();
		echo '</td></tr>';
	}

	/**
	 * Adds the cart's badge below the cart or checkout block, whose content the browser draws.
	 *
	 * @param string $html The block.
	 */
	public static function after_block( $html ) {
		ob_start();
		self::cart();
		return $html . ob_get_clean();
	}

	/**
	 * Prints the badge below the details of an order.
	 *
	 * @param WC_Order $order The order.
	 */
	public static function order( $order ) {
		if ( ! $order instanceof WC_Order || in_array( $order->get_status(), self::NONE, true ) ) {
			return;
		}
		$goods = 0.0;
		$tax   = 0.0;
		foreach ( $order->get_items() as $item ) {
			$goods += (float) $item->get_total();
			$tax   += (float) $item->get_total_tax();
		}
		$tax = 'incl' === get_option( 'woocommerce_tax_display_cart' ) ? $tax : 0.0;
		self::print_badge( 'p', 'cart', $goods + $tax, $tax );
	}

	/**
	 * Prints the badge of the cart: its goods after discounts.
	 */
	private static function cart() {
		$cart = WC()->cart;
		if ( ! $cart ) {
			return;
		}
		$tax = $cart->display_prices_including_tax() ? (float) $cart->get_cart_contents_tax() : 0.0;
		self::print_badge( 'p', 'cart', (float) $cart->get_cart_contents_total() + $tax, $tax );
	}

	/**
	 * Returns the tax in a shown price; 0 when the shop shows prices without tax.
	 *
	 * @param WC_Product $product The product or variation.
	 * @param float      $shown   Its price, as shown.
	 */
	private static function tax_in( $product, float $shown ): float {
		return max( 0.0, $shown - (float) wc_get_price_excluding_tax( $product ) );
	}

	/**
	 * Returns an amount as text with a point, in the shop's decimals.
	 *
	 * @param float $amount The amount.
	 */
	private static function money( float $amount ): string {
		return number_format( $amount, wc_get_price_decimals(), '.', '' );
	}

	/**
	 * Prints one badge.
	 *
	 * @param string $tag    Name of the element around it.
	 * @param string $points A product's id, or `cart`.
	 * @param float  $price  Price as shown.
	 * @param float  $tax    The tax in it.
	 */
	private static function print_badge( string $tag, string $points, float $price, float $tax ) {
		echo '<' . tag_escape( $tag ) . ' class="loyalty-widget-points"><span data-loyalty-points-for="' . esc_attr( $points ) . '" data-loyalty-price="' . esc_attr( self::money( $price ) ) . '" data-loyalty-tax="' . esc_attr( self::money( $tax ) ) . '"></span></' . tag_escape( $tag ) . '>'; // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- tag_escape() escapes.
	}
}
