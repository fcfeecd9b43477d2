<?php
// coupons.php ROOT CODE...: coupons of 1.00 for everybody.
$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
require $argv[1] . '/wp-load.php';
foreach ( array_slice( $argv, 2 ) as $code ) {
	$coupon = new WC_Coupon();
	$coupon->set_props( array( 'code' => $code, 'discount_type' => 'fixed_cart', 'amount' => '1' ) );
	$coupon->save();
}
