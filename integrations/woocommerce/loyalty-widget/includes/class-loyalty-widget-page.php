<?php
/**
 * The loyalty page: in My account, as a block, and as a shortcode.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * Shows the balance and leads to each tab of the panel.
 */
class Loyalty_Widget_Page {
	/** Not `loyalty`: that parameter opens a tab of the panel. */
	const ENDPOINT = 'loyalty-points';
	const RULES    = 'loyalty_widget_rules';

	/**
	 * Registers the three places.
	 */
	public static function register() {
		add_action( 'init', array( __CLASS__, 'block' ) );
		add_action( 'init', array( __CLASS__, 'rules' ), 99 );
		add_shortcode( 'loyalty_page', array( __CLASS__, 'html' ) );
		add_filter( 'woocommerce_get_query_vars', array( __CLASS__, 'query_vars' ) );
		add_filter( 'woocommerce_account_menu_items', array( __CLASS__, 'menu' ) );
		add_filter( 'woocommerce_endpoint_' . self::ENDPOINT . '_title', array( __CLASS__, 'title' ) );
		add_action( 'woocommerce_account_' . self::ENDPOINT . '_endpoint', array( __CLASS__, 'show' ) );
	}

	/**
	 * Registers the block, which the server renders.
	 */
	public static function block() {
		$script = plugins_url( 'assets/block.js', LOYALTY_WIDGET_FILE );
		wp_register_script( 'loyalty-widget-block', $script, array( 'wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element', 'wp-i18n', 'wp-server-side-render' ), LOYALTY_WIDGET_VERSION, true );
		wp_set_script_translations( 'loyalty-widget-block', 'loyalty-widget' );
		register_block_type(
			'loyalty-widget/page',
			array(
				'api_version'     => 2,
				'editor_script'   => 'loyalty-widget-block',
				'render_callback' => array( __CLASS__, 'html' ),
			)
		);
	}

	/**
	 * Lets WordPress learn the address of the account page once for each version, on every site of a network.
	 */
	public static function rules() {
		if ( get_option( self::RULES ) !== LOYALTY_WIDGET_VERSION ) {
			flush_rewrite_rules( false );
			update_option( self::RULES, LOYALTY_WIDGET_VERSION, true );
		}
	}

	/**
	 * Adds the address of the account page.
	 *
	 * @param array $names Names by endpoint.
	 */
	public static function query_vars( $names ) {
		$names[ self::ENDPOINT ] = self::ENDPOINT;
		return $names;
	}

	/**
	 * Adds the entry to the account's menu, before signing out.
	 *
	 * @param array $entries Labels by endpoint.
	 */
	public static function menu( $entries ) {
		if ( ! Loyalty_Widget_Connection::is_connected() ) {
			return $entries;
		}
		$last = array_slice( $entries, -1, 1, true );
		return array_slice( $entries, 0, -1, true ) + array( self::ENDPOINT => self::title() ) + $last;
	}

	/**
	 * Returns the title of the account page.
	 */
	public static function title(): string {
		return __( 'Loyalty', 'loyalty-widget' );
	}

	/**
	 * Prints the account page.
	 */
	public static function show() {
		echo self::html(); // phpcs:ignore WordPress.Security.EscapeOutput.OutputNotEscaped -- html() escapes each part.
	}

	/**
	 * Returns the page. Without a connection it is empty for everybody but the shop's staff.
	 */
	public static function html(): string {
		if ( ! Loyalty_Widget_Connection::is_connected() ) {
			$hint = __( 'The loyalty page appears here once WooCommerce → Loyalty is connected. Customers do not see this line.', 'loyalty-widget' );
			return current_user_can( Loyalty_Widget_Settings::CAPABILITY ) ? '<p>' . esc_html( $hint ) . '</p>' : '';
		}
		$html = '<div class="loyalty-widget-page">';
		if ( is_user_logged_in() ) {
			$html .= '<p class="loyalty-widget-balance"><strong data-loyalty-balance></strong></p>';
		} else {
			$html .= '<p><a href="' . esc_url( wc_get_page_permalink( 'myaccount' ) ) . '">' . esc_html__( 'Log in to see your points', 'loyalty-widget' ) . '</a></p>';
		}
		$html .= '<ul>';
		foreach ( self::tabs() as $tab => $label ) {
			$html .= '<li><a href="' . esc_url( '?loyalty=' . $tab ) . '" data-loyalty-page="' . esc_attr( $tab ) . '">' . esc_html( $label ) . '</a></li>';
		}
		return $html . '</ul></div>';
	}

	/**
	 * Returns the labels of the panel's tabs.
	 */
	private static function tabs(): array {
		return array(
			'earn'       => __( 'Ways to earn points', 'loyalty-widget' ),
			'redeem'     => __( 'Rewards you can get', 'loyalty-widget' ),
			'my_rewards' => __( 'Your rewards and codes', 'loyalty-widget' ),
			'referral'   => __( 'Invite friends', 'loyalty-widget' ),
			'my_balance' => __( 'Your points, and what they came from', 'loyalty-widget' ),
		);
	}
}
