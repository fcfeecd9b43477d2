<?php
// fill.php ROOT PASSWORD STORAGE: WooCommerce's tables and pages, a product, a customer, cash on delivery.
// STORAGE is where orders are: `posts`, or `tables` of their own (HPOS).
require __DIR__ . '/begin.php';
require_once ABSPATH . 'wp-admin/includes/admin.php';
wp_set_current_user( 1 );
WC_Install::install();
WC_Install::create_pages();
if ( 'tables' === $argv[3] ) {
	update_option( 'woocommerce_feature_custom_order_tables_enabled', 'yes' );
	wc_get_container()->get( Automattic\WooCommerce\Internal\DataStores\Orders\DataSynchronizer::class )->create_database_tables();
	update_option( 'woocommerce_custom_orders_table_enabled', 'yes' );
}
foreach ( array(
	'woocommerce_currency'                   => 'EUR',
	'woocommerce_default_country'            => 'DE',
	'woocommerce_calc_taxes'                 => 'yes',
	'woocommerce_prices_include_tax'         => 'yes',
	'woocommerce_tax_display_shop'           => 'incl',
	'woocommerce_tax_display_cart'           => 'incl',
	'woocommerce_enable_coupons'             => 'yes',
	'woocommerce_cod_settings'               => array( 'enabled' => 'yes', 'title' => 'Cash on delivery', 'enable_for_virtual' => 'yes' ),
	'woocommerce_bacs_settings'              => array( 'enabled' => 'yes', 'title' => 'Bank transfer' ),
	'woocommerce_onboarding_profile'         => array( 'skipped' => true ),
	'woocommerce_task_list_hidden'           => 'yes',
	'woocommerce_admin_notices'              => array(),
	'woocommerce_enable_myaccount_registration' => 'yes',
	'woocommerce_coming_soon'                => 'no',
) as $name => $value ) {
	update_option( $name, $value );
}
delete_transient( '_wc_activation_redirect' );
WC_Tax::_insert_tax_rate( array( 'tax_rate_country' => 'DE', 'tax_rate' => '19', 'tax_rate_name' => 'VAT', 'tax_rate_priority' => 1, 'tax_rate_compound' => 0, 'tax_rate_shipping' => 1, 'tax_rate_order' => 1, 'tax_rate_class' => '' ) );
$zone = new WC_Shipping_Zone( 0 );
$zone->add_shipping_method( 'free_shipping' );
$mug = new WC_Product_Simple();
$mug->set_props( array( 'name' => 'Fern mug', 'slug' => 'fern-mug', 'regular_price' => '11.90', 'status' => 'publish' ) );
$mug->save();
$customer = email_exists( 'ann@example.com' ) ?: wc_create_new_customer( 'ann@example.com', 'ann', $argv[2], array( 'first_name' => 'Ann', 'last_name' => 'Lee' ) );
foreach ( array( 'first_name' => 'Ann', 'last_name' => 'Lee', 'address_1' => 'Allee 1', 'city' => 'Berlin', 'postcode' => '10115', 'country' => 'DE', 'phone' => '030123', 'email' => 'ann@example.com' ) as $name => $value ) {
	update_user_meta( $customer, 'billing_' . $name, $value );
	update_user_meta( $customer, 'shipping_' . $name, $value );
}
/** Returns the saved form of a block of WooCommerce with blocks inside. */
function block( $name, $inside = '', $class = '' ) {
	return "<!-- wp:woocommerce/$name -->\n<div class=\"wp-block-woocommerce-$name$class\">$inside</div>\n<!-- /wp:woocommerce/$name -->\n";
}
$summary = '';
foreach ( array( 'heading', 'coupon-form', 'subtotal', 'fee', 'discount', 'shipping', 'taxes' ) as $name ) {
	$summary .= block( "cart-order-summary-$name-block" );
}
$items  = block( 'cart-items-block', block( 'cart-line-items-block' ) );
$totals = block( 'cart-totals-block', block( 'cart-order-summary-block', $summary ) . block( 'proceed-to-checkout-block' ) );
$filled = block( 'filled-cart-block', $items . $totals ) . block( 'empty-cart-block', '<p>Empty.</p>' );
foreach ( array( 'cart' => $filled, 'checkout' => '' ) as $name => $inside ) {
	$shown = block( $name, $inside, ' is-loading' );
	wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'Block ' . $name, 'post_name' => 'block-' . $name, 'post_content' => wp_slash( $shown ) ) );
}
wp_insert_post( array( 'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'Points', 'post_name' => 'points', 'post_content' => '[loyalty_page]' ) );
flush_rewrite_rules( false );
// Shipping methods may have been counted in the very second in which the first one was added.
delete_transient( 'wc_shipping_method_count' );
delete_transient( 'wc_shipping_method_count_legacy' );
echo WC()->version, ' ', $customer, ' ', $mug->get_id();
