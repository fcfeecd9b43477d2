<?php
/**
 * The connection of this site to its shop on the widget server.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * Makes, keeps and ends the connection. Every site of a network has its own.
 */
class Loyalty_Widget_Connection {
	/** What pages need: no secret in it. */
	const FACTS = 'loyalty_widget';
	/** Secrets, loaded only where something is signed. */
	const SECRETS = 'loyalty_widget_secrets';

	/**
	 * Returns whether this site is connected.
	 */
	public static function is_connected(): bool {
		return '' !== self::fact( 'script_src' );
	}

	/**
	 * Returns one fact; empty text when it is not known.
	 *
	 * @param string $name One of server_url, shop_id, script_src, shop_name, referral_param, since.
	 */
	public static function fact( string $name ): string {
		$facts = get_option( self::FACTS, array() );
		return is_array( $facts ) && isset( $facts[ $name ] ) ? (string) $facts[ $name ] : '';
	}

	/**
	 * Returns one secret; empty text when it is not known.
	 *
	 * @param string $name One of identity_secret, webhook_secret, key_id.
	 */
	public static function secret( string $name ): string {
		$secrets = get_option( self::SECRETS, array() );
		return is_array( $secrets ) && isset( $secrets[ $name ] ) ? (string) $secrets[ $name ] : '';
	}

	/**
	 * Connects the site by a pasted code. When it fails, no key stays behind.
	 *
	 * @param string $pasted The connection code.
	 * @throws Loyalty_Widget_Refusal When the code or the server refuses.
	 */
	public static function connect( string $pasted ) {
		if ( self::is_connected() ) {
			throw new Loyalty_Widget_Refusal( __( 'This shop is connected already. Disconnect it first.', 'loyalty-widget' ) );
		}
		$code = Loyalty_Widget_Code::of( $pasted );
		$keys = self::create_keys( get_current_user_id() );
		try {
			$facts = Loyalty_Widget_Server::link( $code, home_url(), $keys );
		} catch ( Loyalty_Widget_Refusal $refusal ) {
			self::delete_key( $keys['key_id'] );
			throw $refusal;
		}
		$secrets = array(
			'identity_secret' => $facts['identity_secret'],
			'webhook_secret'  => $facts['webhook_secret'],
			'key_id'          => $keys['key_id'],
		);
		unset( $facts['identity_secret'], $facts['webhook_secret'] );
		$facts['server_url'] = $code->server_url;
		$facts['shop_id']    = $code->shop_id;
		$facts['since']      = (string) time();
		update_option( self::SECRETS, $secrets, false );
		update_option( self::FACTS, $facts, true );
	}

	/**
	 * Ends the connection: tells the server, and deletes what this site has of it. Done again, nothing changes.
	 *
	 * @return string Why the server could not be told; empty when it was told.
	 */
	public static function disconnect(): string {
		$why = '';
		if ( self::is_connected() ) {
			$server_url = self::fact( 'server_url' );
			$shop_id    = self::fact( 'shop_id' );
			try {
				Loyalty_Widget_Server::unlink( $server_url, $shop_id, home_url(), self::secret( 'webhook_secret' ) );
			} catch ( Loyalty_Widget_Refusal $refusal ) {
				$why = $refusal->sentence();
			}
			self::delete_webhooks( $server_url . '/stores/woocommerce/' . $shop_id . '/' );
			self::delete_key( (int) self::secret( 'key_id' ) );
		}
		delete_option( self::FACTS );
		delete_option( self::SECRETS );
		return $why;
	}

	/**
	 * Creates a pair of REST keys that may read and write, as WooCommerce's own page does. Returns them with their id.
	 *
	 * @param int $user_id The user for whom the keys act.
	 * @throws Loyalty_Widget_Refusal When the database refuses.
	 */
	private static function create_keys( int $user_id ): array {
		global $wpdb;
		$key    = 'ck_' . wc_rand_hash();
		$secret = 'cs_' . wc_rand_hash();
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery.DirectQuery -- WooCommerce has no function for this table.
		$done = $wpdb->insert(
			$wpdb->prefix . 'woocommerce_api_keys',
			array(
				'user_id'         => $user_id,
				'description'     => 'Loyalty Widget',
				'permissions'     => 'read_write',
				'consumer_key'    => wc_api_hash( $key ),
				'consumer_secret' => $secret,
				'truncated_key'   => substr( $key, -7 ),
			),
			array( '%d', '%s', '%s', '%s', '%s', '%s' )
		);
		if ( ! $done ) {
			throw new Loyalty_Widget_Refusal( __( 'WooCommerce could not store a pair of REST API keys.', 'loyalty-widget' ) );
		}
		return array(
			'key_id'          => (int) $wpdb->insert_id,
			'consumer_key'    => $key,
			'consumer_secret' => $secret,
		);
	}

	/**
	 * Deletes a pair of keys.
	 *
	 * @param int $key_id Its id.
	 */
	private static function delete_key( int $key_id ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- WooCommerce has no function for this table.
		$wpdb->delete( $wpdb->prefix . 'woocommerce_api_keys', array( 'key_id' => $key_id ), array( '%d' ) );
	}

	/**
	 * Deletes the webhooks to this shop's addresses that the server did not delete itself.
	 *
	 * @param string $begin How their addresses begin.
	 */
	private static function delete_webhooks( string $begin ) {
		global $wpdb;
		$table = $wpdb->prefix . 'wc_webhooks';
		// phpcs:disable WordPress.DB.DirectDatabaseQuery,WordPress.DB.PreparedSQL -- WooCommerce cannot search by address; the table's name is no input.
		$ids = $wpdb->get_col( $wpdb->prepare( "SELECT webhook_id FROM {$table} WHERE delivery_url LIKE %s", $wpdb->esc_like( $begin ) . '%' ) );
		foreach ( $ids as $id ) {
			if ( class_exists( 'WC_Webhook' ) ) {
				( new WC_Webhook( (int) $id ) )->delete( true );
			} else {
				$wpdb->delete( $table, array( 'webhook_id' => (int) $id ), array( '%d' ) );
			}
		}
		// phpcs:enable
	}
}
