<?php
/**
 * Leaves nothing behind: on every site of a network the connection ends, its keys, webhooks and options go, and the
 * friends' codes in orders and customers with them, and the server's marks on coupons. The coupons stay: customers paid
 * for them with their points.
 *
 * @package LoyaltyWidget
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

define( 'LOYALTY_WIDGET_VERSION', 'uninstall' );
foreach ( array( 'refusal', 'code', 'token', 'server', 'connection' ) as $loyalty_widget_part ) {
	require_once __DIR__ . '/includes/class-loyalty-widget-' . $loyalty_widget_part . '.php';
}

/**
 * Removes what one site has.
 */
function loyalty_widget_remove_from_site() {
	global $wpdb;
	Loyalty_Widget_Connection::disconnect();
	delete_option( 'loyalty_widget_rules' );
	delete_option( 'rewrite_rules' );
	delete_post_meta_by_key( '_loyalty_ref' );
	delete_post_meta_by_key( 'loyalty_coupon' );
	$orders = $wpdb->prefix . 'wc_orders_meta';
	// phpcs:disable WordPress.DB.DirectDatabaseQuery,WordPress.DB.PreparedSQL -- WooCommerce may be gone, and its functions with it; the tables' names are no input.
	if ( $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $orders ) ) ) === $orders ) {
		$wpdb->query( "DELETE FROM {$orders} WHERE meta_key = '_loyalty_ref'" );
	}
	$wpdb->query( "DELETE FROM {$wpdb->options} WHERE option_name LIKE '\\_transient\\_%loyalty\\_widget\\_notice\\_%' OR option_name LIKE '\\_transient\\_timeout\\_loyalty\\_widget\\_notice\\_%'" );
	// phpcs:enable
}

if ( is_multisite() ) {
	$loyalty_widget_sites = get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	);
	foreach ( $loyalty_widget_sites as $loyalty_widget_site ) {
		switch_to_blog( (int) $loyalty_widget_site );
		loyalty_widget_remove_from_site();
		restore_current_blog();
	}
} else {
	loyalty_widget_remove_from_site();
}
delete_metadata( 'user', 0, '_loyalty_ref', '', true );
