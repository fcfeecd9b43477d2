<?php
// PHP's own server: files as they are, folders by their index, and everything else to WordPress. The files of a site of
// a network are at /SITE/wp-...: as the .htaccess of a network has it.
const TYPES = array( 'css' => 'text/css', 'js' => 'text/javascript', 'svg' => 'image/svg+xml', 'png' => 'image/png', 'woff2' => 'font/woff2' );
$root = $_SERVER['DOCUMENT_ROOT'];
$path = rawurldecode( (string) parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH ) );
if ( '/' !== $path && is_file( $root . $path ) ) {
	return false;
}
$path = (string) preg_replace( '~^/[\w-]+(/wp-(content|admin|includes)(/.*)?|/wp-[\w-]+\.php)$~', '$1', $path );
if ( '/' !== $path && is_dir( $root . $path ) && is_file( rtrim( $root . $path, '/' ) . '/index.php' ) ) {
	$path = rtrim( $path, '/' ) . '/index.php';
}
if ( '/' === $path || ! is_file( $root . $path ) ) {
	$path = '/index.php';
}
$kind = pathinfo( $path, PATHINFO_EXTENSION );
if ( 'php' !== $kind ) {
	header( 'Content-Type: ' . ( TYPES[ $kind ] ?? 'application/octet-stream' ) );
	readfile( $root . $path );
	return true;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $path;
chdir( dirname( $root . $path ) );
require $root . $path;
return true;
