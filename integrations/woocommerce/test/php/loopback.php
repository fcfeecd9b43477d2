<?php
// Both servers are on this machine: WordPress may call the other one.
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
add_filter( 'pre_wp_mail', '__return_true' );
// A theme's own policy, on pages that ask for it: nothing runs but tags with this nonce, and what the server's own may need.
add_filter(
	'loyalty_widget_csp_nonce',
	function () {
		return 'abc123';
	}
);
add_action(
	'send_headers',
	function () {
		if ( isset( $_GET['strict'] ) ) {
			$server = get_option( 'loyalty_widget' )['server_url'];
			header( "Content-Security-Policy: default-src 'self'; script-src 'nonce-abc123' $server; frame-src $server; style-src 'self'" );
		}
	}
);
