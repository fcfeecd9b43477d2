<?php
// orders.php ROOT NAME COUNT: paid orders of a customer, each of one mug.
require __DIR__ . '/begin.php';
$customer = get_user_by( 'login', $argv[2] );
$product  = wc_get_products( array( 'limit' => 1 ) )[0];
for ( $number = 0; $number < (int) $argv[3]; $number++ ) {
	$order = wc_create_order( array( 'customer_id' => $customer->ID ) );
	$order->add_product( $product, 1 );
	$order->set_address( ( new WC_Customer( $customer->ID ) )->get_billing(), 'billing' );
	$order->calculate_totals();
	$order->payment_complete();
}
