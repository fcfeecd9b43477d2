<?php
/**
 * WooCommerce → Loyalty: the one page with the one field.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * The settings page.
 */
class Loyalty_Widget_Settings {
	const SLUG       = 'loyalty-widget';
	const CAPABILITY = 'manage_woocommerce';
	const NOTICE     = 'loyalty_widget_notice_';

	/**
	 * Registers the page and its two buttons.
	 */
	public static function register() {
		add_action( 'admin_menu', array( __CLASS__, 'menu' ), 60 );
		add_action( 'admin_init', array( __CLASS__, 'privacy' ) );
		add_action( 'admin_post_loyalty_widget_connect', array( __CLASS__, 'connect' ) );
		add_action( 'admin_post_loyalty_widget_disconnect', array( __CLASS__, 'disconnect' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( LOYALTY_WIDGET_FILE ), array( __CLASS__, 'links' ) );
	}

	/**
	 * Adds the page to WooCommerce's menu.
	 */
	public static function menu() {
		add_submenu_page( 'woocommerce', __( 'Loyalty', 'loyalty-widget' ), __( 'Loyalty', 'loyalty-widget' ), self::CAPABILITY, self::SLUG, array( __CLASS__, 'show' ) );
	}

	/**
	 * Adds a link to the page in the list of plugins.
	 *
	 * @param array $links The links of the row.
	 */
	public static function links( $links ) {
		$label = Loyalty_Widget_Connection::is_connected() ? __( 'Settings', 'loyalty-widget' ) : __( 'Connect', 'loyalty-widget' );
		return array_merge( array( '<a href="' . esc_url( self::address() ) . '">' . esc_html( $label ) . '</a>' ), (array) $links );
	}

	/**
	 * Proposes a paragraph for the shop's privacy policy.
	 */
	public static function privacy() {
		wp_add_privacy_policy_content(
			'Loyalty Widget',
			'<p>' . esc_html__( 'Our loyalty program runs on a server that we host ourselves. It receives your name, e-mail address and orders, to give points for them.', 'loyalty-widget' ) . '</p>'
		);
	}

	/**
	 * Prints the page.
	 */
	public static function show() {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			wp_die( esc_html__( 'You may not change these settings.', 'loyalty-widget' ), 403 );
		}
		echo '<div class="wrap"><h1>' . esc_html__( 'Loyalty', 'loyalty-widget' ) . '</h1>';
		self::show_notice();
		if ( Loyalty_Widget_Connection::is_connected() ) {
			self::show_connected();
		} else {
			self::show_form();
		}
		echo '</div>';
	}

	/**
	 * Connects by the pasted code.
	 */
	public static function connect() {
		self::need_right( 'loyalty_widget_connect' );
		$pasted = isset( $_POST['code'] ) ? sanitize_textarea_field( wp_unslash( $_POST['code'] ) ) : ''; // phpcs:ignore WordPress.Security.NonceVerification.Missing -- need_right() has checked it.
		try {
			Loyalty_Widget_Connection::connect( $pasted );
			self::back( 'success', __( 'Connected. Your shop shows the widget from now on.', 'loyalty-widget' ) );
		} catch ( Loyalty_Widget_Refusal $refusal ) {
			self::back( 'error', $refusal->sentence() );
		}
	}

	/**
	 * Ends the connection.
	 */
	public static function disconnect() {
		self::need_right( 'loyalty_widget_disconnect' );
		$why = Loyalty_Widget_Connection::disconnect();
		if ( '' === $why ) {
			self::back( 'success', __( 'Disconnected. Points of your customers stay on the widget server.', 'loyalty-widget' ) );
		}
		/* translators: %s: a sentence that says why. */
		self::back( 'warning', sprintf( __( 'Disconnected here: keys and webhooks are deleted. The widget server could not be told. %s', 'loyalty-widget' ), $why ) );
	}

	/**
	 * Ends the request unless the user may change settings and the form is ours.
	 *
	 * @param string $action Name of the nonce's action.
	 */
	private static function need_right( string $action ) {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			wp_die( esc_html__( 'You may not change these settings.', 'loyalty-widget' ), 403 );
		}
		check_admin_referer( $action );
	}

	/**
	 * Goes back to the page, with a sentence for this user.
	 *
	 * @param string $kind     One of success, warning, error.
	 * @param string $sentence What happened.
	 */
	private static function back( string $kind, string $sentence ) {
		set_transient( self::NOTICE . get_current_user_id(), array( $kind, $sentence ), 5 * MINUTE_IN_SECONDS );
		wp_safe_redirect( self::address() );
		exit;
	}

	/**
	 * Returns the address of the page.
	 */
	private static function address(): string {
		return admin_url( 'admin.php?page=' . self::SLUG );
	}

	/**
	 * Prints what the last button did, once.
	 */
	private static function show_notice() {
		$name   = self::NOTICE . get_current_user_id();
		$notice = get_transient( $name );
		delete_transient( $name );
		if ( is_array( $notice ) ) {
			echo '<div class="notice notice-' . esc_attr( $notice[0] ) . '" role="' . ( 'error' === $notice[0] ? 'alert' : 'status' ) . '"><p>' . esc_html( $notice[1] ) . '</p></div>';
		}
	}

	/**
	 * Prints the form with the connection code.
	 */
	private static function show_form() {
		echo '<p>' . esc_html__( 'In the dashboard of your loyalty server open “Shop connection”, press “Make a code”, and paste the code here. It works once, within an hour.', 'loyalty-widget' ) . '</p>';
		self::open_form( 'loyalty_widget_connect' );
		echo '<p><label for="loyalty-widget-code"><strong>' . esc_html__( 'Connection code', 'loyalty-widget' ) . '</strong></label></p>';
		echo '<p><textarea id="loyalty-widget-code" name="code" rows="4" cols="70" class="large-text code" required autofocus autocomplete="off" spellcheck="false" placeholder="wc1."></textarea></p>';
		echo '<p class="description">' . esc_html__( 'This creates a pair of REST API keys in your name and sends it to your loyalty server, which then sets up the webhooks.', 'loyalty-widget' ) . '</p>';
		submit_button( __( 'Connect', 'loyalty-widget' ) );
		echo '</form>';
	}

	/**
	 * Prints the state of a connected shop.
	 */
	private static function show_connected() {
		$host = (string) wp_parse_url( Loyalty_Widget_Connection::fact( 'server_url' ), PHP_URL_HOST );
		$day  = wp_date( (string) get_option( 'date_format' ), (int) Loyalty_Widget_Connection::fact( 'since' ) );
		/* translators: 1: name of the shop, 2: host name of the widget server, 3: a date. */
		echo '<p><strong>' . esc_html__( 'Connected', 'loyalty-widget' ) . '</strong> – ' . esc_html( sprintf( __( '“%1$s” on %2$s, since %3$s.', 'loyalty-widget' ), Loyalty_Widget_Connection::fact( 'shop_name' ), $host, (string) $day ) ) . '</p>';
		echo '<p>' . esc_html__( 'Customers find their points in their account under “Loyalty”. A page of its own: add the block “Loyalty page”, or the shortcode [loyalty_page].', 'loyalty-widget' ) . '</p>';
		self::open_form( 'loyalty_widget_disconnect' );
		submit_button( __( 'Disconnect', 'loyalty-widget' ), 'secondary' );
		echo '</form>';
	}

	/**
	 * Prints the beginning of a form for a button of ours.
	 *
	 * @param string $action Name of the action, also of its nonce.
	 */
	private static function open_form( string $action ) {
		echo '<form method="post" action="' . esc_url( admin_url( 'admin-post.php' ) ) . '">';
		echo '<input type="hidden" name="action" value="' . esc_attr( $action ) . '">';
		wp_nonce_field( $action );
	}
}
