<?php
// second.php ROOT PATH: adds a site to the network.
require __DIR__ . '/begin.php';
$made = wp_insert_site(
	array(
		'domain'  => getenv( 'SITE_HOST' ),
		'path'    => $argv[2],
		'title'   => 'Moss Pots',
		'user_id' => 1,
	)
);
if ( is_wp_error( $made ) ) {
	fwrite( STDERR, $made->get_error_message() );
	exit( 1 );
}
switch_to_blog( $made );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'template', 'twentytwentyone' );
update_option( 'stylesheet', 'twentytwentyone' );
