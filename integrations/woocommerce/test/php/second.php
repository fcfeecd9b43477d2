<?php
// second.php ROOT PATH: adds a site to the network, with WooCommerce in every site.
require __DIR__ . '/begin.php';
update_site_option( 'active_sitewide_plugins', array( 'woocommerce/woocommerce.php' => time() ) );
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
// wp_insert_site drops the colon before the port of loopback, which a shop's domain has not.
$host = getenv( 'SITE_HOST' );
$wpdb->update( $wpdb->blogs, array( 'domain' => $host ), array( 'blog_id' => $made ) );
clean_blog_cache( $made );
switch_to_blog( $made );
update_option( 'siteurl', "http://$host" . untrailingslashit( $argv[2] ) );
update_option( 'home', "http://$host" . untrailingslashit( $argv[2] ) );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'template', 'twentytwentyone' );
update_option( 'stylesheet', 'twentytwentyone' );
