<?php
// install.php ROOT PASSWORD: creates the tables and the administrator.
define( 'WP_INSTALLING', true );
require __DIR__ . '/begin.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install( 'Fern Mugs', 'admin', 'admin@shop.example', true, '', $argv[2] );
update_option( 'permalink_structure', '/%postname%/' );
update_option( 'active_plugins', array( 'woocommerce/woocommerce.php' ) );
update_option( 'template', 'twentytwentyone' );
update_option( 'stylesheet', 'twentytwentyone' );
echo get_bloginfo( 'version' );
