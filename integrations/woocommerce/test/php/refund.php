<?php
// refund.php ROOT ID: refunds an order wholly, as its owner would.
$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
require $argv[1] . '/wp-load.php';
wp_set_current_user( 1 );
$order  = wc_get_order( (int) $argv[2] );
$refund = wc_create_refund(
	array(
		'order_id' => $order->get_id(),
		'amount'   => $order->get_total(),
	)
);
if ( is_wp_error( $refund ) ) {
	fwrite( STDERR, $refund->get_error_message() );
	exit( 1 );
}
