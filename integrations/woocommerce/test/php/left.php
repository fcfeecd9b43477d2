<?php
// left.php ROOT: what the plugin has in the database, and the orders, newest first, as JSON.
require __DIR__ . '/begin.php';
global $wpdb;
$orders = array();
foreach ( wc_get_orders( array( 'limit' => 50, 'type' => 'shop_order', 'orderby' => 'id', 'order' => 'DESC' ) ) as $order ) {
	$orders[] = array(
		'id'      => $order->get_id(),
		'ref'     => $order->get_meta( '_loyalty_ref' ),
		'coupons' => $order->get_coupon_codes(),
		'total'   => $order->get_total(),
	);
}
$meta   = $wpdb->get_col( "SELECT meta_key FROM {$wpdb->postmeta} WHERE meta_key LIKE '%loyalty%'" );
$meta   = array_merge( $meta, $wpdb->get_col( "SELECT meta_key FROM {$wpdb->usermeta} WHERE meta_key LIKE '%loyalty%'" ) );
$tables = $wpdb->prefix . 'wc_orders_meta';
if ( $wpdb->get_var( "SHOW TABLES LIKE '$tables'" ) ) {
	$meta = array_merge( $meta, $wpdb->get_col( "SELECT meta_key FROM {$tables} WHERE meta_key LIKE '%loyalty%'" ) );
}
echo wp_json_encode(
	array(
		'options'   => $wpdb->get_col( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE '%loyalty%'" ),
		'autoload'  => $wpdb->get_col( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE 'loyalty%' AND autoload = 'yes'" ),
		'keys'      => $wpdb->get_col( "SELECT description FROM {$wpdb->prefix}woocommerce_api_keys" ),
		'webhooks'  => $wpdb->get_results( "SELECT topic, status, delivery_url FROM {$wpdb->prefix}wc_webhooks" ),
		'meta'      => $meta,
		'orders'    => $orders,
		'in_tables' => 'yes' === get_option( 'woocommerce_custom_orders_table_enabled' ),
		'in_posts'  => (int) $wpdb->get_var( "SELECT COUNT(*) FROM {$wpdb->posts} WHERE post_type = 'shop_order'" ),
	)
);
