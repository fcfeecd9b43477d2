<?php
// left.php ROOT: what the plugin has in the database, as JSON.
$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
require $argv[1] . '/wp-load.php';
global $wpdb;
$orders = array();
foreach ( wc_get_orders( array( 'limit' => 20, 'type' => 'shop_order' ) ) as $order ) {
	$orders[] = array( 'id' => $order->get_id(), 'ref' => $order->get_meta( '_loyalty_ref' ), 'coupons' => $order->get_coupon_codes(), 'total' => $order->get_total() );
}
echo wp_json_encode(
	array(
		'options'  => $wpdb->get_col( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE '%loyalty%'" ),
		'autoload' => $wpdb->get_col( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE 'loyalty%' AND autoload = 'yes'" ),
		'keys'     => $wpdb->get_col( "SELECT description FROM {$wpdb->prefix}woocommerce_api_keys" ),
		'webhooks' => $wpdb->get_col( "SELECT delivery_url FROM {$wpdb->prefix}wc_webhooks" ),
		'meta'     => array_merge( $wpdb->get_col( "SELECT meta_key FROM {$wpdb->postmeta} WHERE meta_key = '_loyalty_ref'" ), $wpdb->get_col( "SELECT meta_key FROM {$wpdb->usermeta} WHERE meta_key = '_loyalty_ref'" ) ),
		'orders'   => $orders,
	)
);
