<?php
/**
 * What was refused, in words for the owner.
 *
 * @package LoyaltyWidget
 */

defined( 'ABSPATH' ) || exit;

/**
 * A refusal with the field it is about.
 */
class Loyalty_Widget_Refusal extends Exception {
	/**
	 * The field, as it is labelled on the page; empty when it is about no field.
	 *
	 * @var string
	 */
	private $field;

	/**
	 * Makes a refusal.
	 *
	 * @param string $message Why, as a sentence.
	 * @param string $field   Label of the field.
	 */
	public function __construct( string $message, string $field = '' ) {
		parent::__construct( $message );
		$this->field = $field;
	}

	/**
	 * Returns the sentence, with the name of the field before it.
	 */
	public function sentence(): string {
		return '' === $this->field ? $this->getMessage() : $this->field . ': ' . $this->getMessage();
	}
}
