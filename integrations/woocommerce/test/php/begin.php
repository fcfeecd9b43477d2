<?php
// Loads WordPress as a request to SITE_HOST and SITE_PATH would: the first word is the folder of WordPress.
$_SERVER['HTTP_HOST']       = getenv( 'SITE_HOST' );
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['REQUEST_URI']     = getenv( 'SITE_PATH' );
if ( ! function_exists( 'wp_mail' ) ) {
	function wp_mail() {
		return true;
	}
}
require $argv[1] . '/wp-load.php';
