<?php
/**
 * Plugin Name: Loyalty Widget for WooCommerce
 * Description: Connects this shop to its own loyalty server: points, rewards and referrals in a corner widget.
 * Version: 1.0.0
 * Requires at least: 6.0
 * Requires PHP: 7.4
 * Requires Plugins: woocommerce
 * WC requires at least: 7.2
 * Text Domain: loyalty-widget
 * Domain Path: /languages
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

define( 'LOYALTY_WIDGET_VERSION', '1.0.0' );
define( 'LOYALTY_WIDGET_FILE', __FILE__ );

foreach ( array( 'refusal', 'code', 'token', 'server', 'connection', 'settings', 'storefront', 'identity', 'referral', 'badges', 'page' ) as $loyalty_widget_part ) {
	require_once __DIR__ . '/includes/class-loyalty-widget-' . $loyalty_widget_part . '.php';
}
unset( $loyalty_widget_part );

/**
 * Declares that orders are only read and written by WooCommerce's own functions, wherever they are stored.
 */
function loyalty_widget_declare_features() {
	if ( class_exists( \Automattic\WooCommerce\Utilities\FeaturesUtil::class ) ) {
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', LOYALTY_WIDGET_FILE, true );
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', LOYALTY_WIDGET_FILE, true );
	}
}
add_action( 'before_woocommerce_init', 'loyalty_widget_declare_features' );

/**
 * Starts the parts of the plugin, when WooCommerce is active.
 */
function loyalty_widget_start() {
	if ( ! class_exists( 'WooCommerce' ) ) {
		add_action( 'admin_notices', 'loyalty_widget_needs_woocommerce' );
		return;
	}
	Loyalty_Widget_Settings::register();
	Loyalty_Widget_Page::register();
	if ( Loyalty_Widget_Connection::is_connected() ) {
		Loyalty_Widget_Storefront::register();
		Loyalty_Widget_Identity::register();
		Loyalty_Widget_Referral::register();
		Loyalty_Widget_Badges::register();
	}
}
add_action( 'plugins_loaded', 'loyalty_widget_start' );

/**
 * Loads the translations.
 */
function loyalty_widget_texts() {
	load_plugin_textdomain( 'loyalty-widget', false, dirname( plugin_basename( LOYALTY_WIDGET_FILE ) ) . '/languages' );
}
add_action( 'init', 'loyalty_widget_texts' );

/**
 * Tells an administrator that WooCommerce is missing.
 */
function loyalty_widget_needs_woocommerce() {
	if ( current_user_can( 'activate_plugins' ) ) {
		echo '<div class="notice notice-error"><p>' . esc_html__( 'Loyalty Widget needs WooCommerce: install and activate it first.', 'loyalty-widget' ) . '</p></div>';
	}
}

/**
 * Removes the address of the account page when the plugin is deactivated; the connection stays.
 */
function loyalty_widget_deactivate() {
	delete_option( Loyalty_Widget_Page::RULES );
	delete_option( 'rewrite_rules' );
}
register_deactivation_hook( __FILE__, 'loyalty_widget_deactivate' );
