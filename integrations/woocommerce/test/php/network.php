<?php
// network.php ROOT: makes the site the first one of a network. wp-config.php says so afterwards.
define( 'WP_INSTALLING_NETWORK', true );
require __DIR__ . '/begin.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
require_once ABSPATH . 'wp-admin/includes/network.php';
foreach ( $wpdb->tables( 'ms_global' ) as $table => $prefixed ) {
	$wpdb->$table = $prefixed;
}
install_network();
$made = populate_network( 1, getenv( 'SITE_HOST' ), 'admin@shop.example', 'Two shops', '/', false );
if ( is_wp_error( $made ) ) {
	fwrite( STDERR, $made->get_error_message() );
	exit( 1 );
}
