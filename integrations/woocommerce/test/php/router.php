<?php
// PHP's own server: files as they are, folders by their index, and everything else to WordPress.
$path = rawurldecode( (string) parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH ) );
$file = $_SERVER['DOCUMENT_ROOT'] . $path;
if ( '/' !== $path && is_file( $file ) ) {
	return false;
}
if ( is_dir( $file ) && is_file( rtrim( $file, '/' ) . '/index.php' ) && '/' !== $path ) {
	$index = rtrim( $path, '/' ) . '/index.php';
	$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $index;
	chdir( dirname( $_SERVER['DOCUMENT_ROOT'] . $index ) );
	require $_SERVER['DOCUMENT_ROOT'] . $index;
	return true;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
chdir( $_SERVER['DOCUMENT_ROOT'] );
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
