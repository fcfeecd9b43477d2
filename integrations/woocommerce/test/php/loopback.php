<?php
// Both servers are on this machine: WordPress may call it, and sends its webhooks within the request.
add_filter(
	'http_request_host_is_external',
	function ( $is_external, $host ) {
		return $is_external || '127.0.0.1' === $host;
	},
	10,
	2
);
add_filter(
	'http_allowed_safe_ports',
	function ( $ports, $host, $address ) {
		return array_merge( $ports, array( (int) parse_url( $address, PHP_URL_PORT ) ) );
	},
	10,
	3
);
add_filter( 'woocommerce_webhook_deliver_async', '__return_false' );
add_filter( 'pre_wp_mail', '__return_true' );
// A policy of the shop's own: the plugin's tags need this nonce.
add_filter(
	'loyalty_widget_csp_nonce',
	function () {
		return 'abc123';
	}
);
