<?php
// plugin.php PLUGIN: runs one call of the plugin, read as JSON from standard input, and prints what it did as JSON.
// The few functions of WordPress that it needs are here, as small as they can be; requests are real.

define( 'ABSPATH', __DIR__ . '/' );
define( 'LOYALTY_WIDGET_VERSION', '1.0.0' );

class WP_Error {
	private $why;

	public function __construct( $why ) {
		$this->why = $why;
	}

	public function get_error_message() {
		return $this->why;
	}
}

class Database {
	public $prefix    = 'wp_';
	public $insert_id = 0;
	public $rows      = array();

	public function insert( $table, $row ) {
		$this->rows[ ++$this->insert_id ] = array( $table, $row );
		return 1;
	}

	public function delete( $table, $where ) {
		unset( $this->rows[ $where['key_id'] ] );
	}

	public function prepare( $text ) {
		return $text;
	}

	public function esc_like( $text ) {
		return $text;
	}

	public function get_col() {
		return array();
	}
}

$wpdb    = new Database();
$options = array();
$saved   = array();

function __( $text ) {
	return $text;
}

function wp_json_encode( $value ) {
	return json_encode( $value );
}

function wp_parse_url( $address, $part = -1 ) {
	return parse_url( $address, $part );
}

function untrailingslashit( $text ) {
	return rtrim( $text, '/' );
}

function home_url() {
	return $GLOBALS['given']['home'] ?? 'https://shop.example';
}

function get_current_user_id() {
	return 7;
}

function wc_rand_hash() {
	return bin2hex( random_bytes( 20 ) );
}

function wc_api_hash( $text ) {
	return hash_hmac( 'sha256', $text, 'wc-api' );
}

function get_option( $name, $default ) {
	return $GLOBALS['options'][ $name ] ?? $default;
}

function update_option( $name, $value, $autoload ) {
	$GLOBALS['options'][ $name ] = $value;
	$GLOBALS['saved'][ $name ]   = $autoload;
}

function delete_option( $name ) {
	unset( $GLOBALS['options'][ $name ] );
}

function is_wp_error( $thing ) {
	return $thing instanceof WP_Error;
}

function wp_remote_post( $address, $request ) {
	$lines = array();
	foreach ( $request['headers'] as $name => $value ) {
		$lines[] = $name . ': ' . $value;
	}
	$http = array(
		'method'          => 'POST',
		'header'          => $lines,
		'content'         => $request['body'],
		'ignore_errors'   => true,
		'follow_location' => $request['redirection'],
	);
	$body = @file_get_contents( $address, false, stream_context_create( array( 'http' => $http ) ) );
	if ( false === $body ) {
		return new WP_Error( 'Connection refused' );
	}
	return array( (int) explode( ' ', $http_response_header[0] )[1], $body );
}

function wp_remote_retrieve_response_code( $response ) {
	return $response[0];
}

function wp_remote_retrieve_body( $response ) {
	return $response[1];
}

foreach ( array( 'refusal', 'code', 'token', 'server', 'connection', 'referral' ) as $part ) {
	require $argv[1] . '/includes/class-loyalty-widget-' . $part . '.php';
}

$given = json_decode( stream_get_contents( STDIN ), true );
$calls = array(
	'code'      => function ( $given ) {
		return (array) Loyalty_Widget_Code::of( $given['pasted'] );
	},
	'token'     => function ( $given ) {
		$claims = Loyalty_Widget_Token::claims( $given['shop_id'], $given['customer'], $given['now'], $given['jti'] );
		return Loyalty_Widget_Token::sign( $claims, $given['secret'] );
	},
	'signature' => function ( $given ) {
		return Loyalty_Widget_Token::signature( $given['body'], $given['secret'] );
	},
	'friend'    => function ( $given ) {
		return Loyalty_Widget_Referral::code( $given['text'] );
	},
	'refusal'   => function ( $given ) {
		return Loyalty_Widget_Server::refusal( $given['status'], $given['body'] )->sentence();
	},
	'facts'     => function ( $given ) {
		return Loyalty_Widget_Server::facts( $given['found'] );
	},
	'connect'   => function ( $given ) {
		Loyalty_Widget_Connection::connect( $given['pasted'] );
	},
	'round'     => function ( $given ) {
		Loyalty_Widget_Connection::connect( $given['pasted'] );
		return array( Loyalty_Widget_Connection::disconnect(), Loyalty_Widget_Connection::disconnect() );
	},
);
$said  = array( 'result' => null, 'refused' => null );
try {
	$said['result'] = $calls[ $given['call'] ]( $given );
} catch ( Loyalty_Widget_Refusal $refusal ) {
	$said['refused'] = $refusal->sentence();
}
echo json_encode( $said + array( 'options' => (object) $options, 'saved' => (object) $saved, 'keys' => array_values( $wpdb->rows ) ) );
