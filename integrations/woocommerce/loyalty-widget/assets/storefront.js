// Connects the widget with this shop: who is logged in, a code for the cart, a friend's code for the order, and the
// prices of badges that change without a new page. Everything the page knows is in the attributes of this tag.
( function () {
	'use strict';

	const page = document.currentScript.dataset;
	const tag = () => document.getElementById( page.tag );
	const ajax = ( name ) => page.ajax.replace( '%%endpoint%%', name );
	const CODE = /^[\w-]{1,64}$/;
	const ENTITIES = {
		amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', hellip: '…', ndash: '–', mdash: '—',
		laquo: '«', raquo: '»', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', bdquo: '„',
		euro: '€', pound: '£', yen: '¥', cent: '¢', dollar: '$', curren: '¤', times: '×', percnt: '%', rlm: '', lrm: '',
	};
	/** Elements within a line: WooCommerce has a price as several of them. */
	const INLINE = /<\/?(a|b|bdi|em|i|small|span|strong|sup)\b[^>]*>/gi;

	/** The text of the shop's own sentence. No HTML is parsed: a strict policy forbids it. */
	function plain( html ) {
		return String( html || '' )
			.replace( INLINE, '' )
			.replace( /<[^>]*>/g, ' ' )
			.replace( /&#(\d+);/g, ( all, number ) => String.fromCodePoint( Math.min( Number( number ), 0x10ffff ) ) )
			.replace( /&#x([\da-f]+);/gi, ( all, number ) => String.fromCodePoint( Math.min( parseInt( number, 16 ), 0x10ffff ) ) )
			.replace( /&(\w+);/g, ( all, name ) => ( Object.hasOwn( ENTITIES, name ) ? ENTITIES[ name ] : all ) )
			.replace( /\s+/g, ' ' )
			.trim();
	}

	// Who is logged in ----------------------------------------------------------------------------------------------

	let nonce = page.nonce || '';

	/** A new nonce: a page from a cache has an old one, or that of a guest. Empty for a guest. */
	async function renewed() {
		const response = await fetch( ajax( 'loyalty_widget_nonce' ), { cache: 'no-store', credentials: 'same-origin' } );
		return response.status === 200 ? ( await response.json() ).nonce : '';
	}

	const asked = () => fetch( page.token, {
		cache: 'no-store', credentials: 'same-origin', headers: { 'X-WP-Nonce': nonce, Accept: 'application/json' },
	} );

	/** The signed token of the customer; null for a guest. */
	async function identity() {
		let response = nonce ? await asked() : null;
		if ( ! response || response.status === 403 || response.status === 401 ) {
			nonce = await renewed();
			if ( ! nonce ) return null;
			response = await asked();
		}
		if ( response.status === 204 ) return null;
		if ( ! response.ok ) throw new Error( String( response.status ) );
		return ( await response.json() ).token;
	}

	function started() {
		if ( window.LoyaltyWidget ) window.LoyaltyWidget.identify( identity );
	}

	// The tag may be printed after this one, and delayed by an optimiser.
	function watch() {
		if ( window.LoyaltyWidget ) return started();
		const script = tag();
		if ( script ) script.addEventListener( 'load', started );
		else setTimeout( watch, 200 );
	}
	watch();

	// A code for the cart -------------------------------------------------------------------------------------------

	const hasBlock = () => !! document.querySelector( '.wp-block-woocommerce-cart, .wp-block-woocommerce-checkout' );
	const cartStore = () => ( window.wp && window.wp.data && window.wp.data.select( 'wc/store/cart' ) ? 'wc/store/cart' : '' );
	const holds = ( coupons, code ) => ( coupons || [] ).some( ( one ) => one.code.toLowerCase() === code.toLowerCase() );

	/** The cart block applies it itself, so that it shows the discount at once. */
	async function inBlock( name, code ) {
		try {
			await window.wp.data.dispatch( name ).applyCoupon( code );
		} catch ( error ) {
			return { ok: false, reason: plain( error && error.message ) || page.failed };
		}
		const ok = holds( window.wp.data.select( name ).getCartData().coupons, code );
		return ok ? { ok } : { ok, reason: page.failed };
	}

	/** The Store API, from any page of the shop. Its nonce comes with a reading request, since this page may be old. */
	async function byStoreApi( code ) {
		const cart = await fetch( page.storeApi + 'cart', { cache: 'no-store', credentials: 'same-origin' } );
		const response = await fetch( page.storeApi + 'cart/apply-coupon', {
			method: 'POST', credentials: 'same-origin',
			headers: { 'Content-Type': 'application/json', Nonce: cart.headers.get( 'Nonce' ) || '' },
			body: JSON.stringify( { code } ),
		} );
		const body = await response.json();
		if ( response.ok && holds( body.coupons, code ) ) return { ok: true };
		return { ok: false, reason: plain( body.message ) || page.failed };
	}

	/** The classic cart and checkout: the request that their own form sends. */
	async function inClassic( code ) {
		const form = new URLSearchParams( { security: page.couponNonce, coupon_code: code } );
		const response = await fetch( ajax( 'apply_coupon' ), { method: 'POST', credentials: 'same-origin', body: form } );
		const html = await response.text();
		if ( ! response.ok ) return byStoreApi( code );
		refreshClassic( html );
		const refused = /woocommerce-error|is-error/.test( html );
		return refused ? { ok: false, reason: plain( html ) || page.failed } : { ok: true };
	}

	/** Lets the theme draw the cart anew. */
	function refreshClassic( html ) {
		const body = window.jQuery && window.jQuery( document.body );
		if ( ! body ) return;
		body.trigger( 'applied_coupon' ).trigger( 'wc_update_cart' ).trigger( 'update_checkout' ).trigger( 'wc_fragment_refresh' );
	}

	async function apply( code ) {
		try {
			if ( cartStore() && hasBlock() ) return await inBlock( cartStore(), code );
			if ( page.couponNonce && ! hasBlock() ) return await inClassic( code );
			return await byStoreApi( code );
		} catch ( error ) {
			return { ok: false, reason: page.failed };
		}
	}

	document.addEventListener( 'loyalty:apply-coupon', ( event ) => {
		event.preventDefault();
		event.detail.respondWith( apply( event.detail.code ) );
	} );

	// A friend's code for the order ---------------------------------------------------------------------------------

	/** The code that the widget has confirmed and stored, else the one in this page's address. */
	function friend() {
		try {
			const kept = JSON.parse( localStorage.getItem( 'loyalty:friend' ) );
			if ( kept && ! kept.spent && kept.until > Date.now() && CODE.test( kept.code ) ) return kept.code;
		} catch ( error ) { /* storage is closed */ }
		const code = new URLSearchParams( location.search ).get( page.refParam || 'ref' );
		return code && CODE.test( code ) ? code : '';
	}

	if ( page.refNonce && friend() ) {
		const form = new URLSearchParams( { security: page.refNonce, code: friend() } );
		fetch( ajax( 'loyalty_widget_ref' ), { method: 'POST', credentials: 'same-origin', body: form } ).catch( () => {} );
	}

	// Prices of badges that change without a new page -----------------------------------------------------------------

	function set( badge, price, tax ) {
		if ( badge.dataset.loyaltyPrice !== price ) badge.dataset.loyaltyPrice = price;
		if ( badge.dataset.loyaltyTax !== tax ) badge.dataset.loyaltyTax = tax;
	}

	/** Coins of the Store API as an amount: 1999 with two decimals is 19.99. */
	function amount( coins, decimals ) {
		const digits = String( Math.max( 0, Math.round( coins ) ) ).padStart( decimals + 1, '0' );
		return decimals ? digits.slice( 0, -decimals ) + '.' + digits.slice( -decimals ) : digits;
	}

	function cartChanged() {
		const badge = document.querySelector( '[data-loyalty-points-for="cart"]' );
		const name = cartStore();
		if ( ! badge || ! name || ! hasBlock() ) return;
		const cart = window.wp.data.select( name ).getCartData();
		const totals = cart.totals;
		if ( ! totals || ! cart.items || ! cart.items.length ) return;
		const withTax = Number( badge.dataset.loyaltyTax ) > 0;
		const tax = withTax ? Number( totals.total_items_tax ) - Number( totals.total_discount_tax ) : 0;
		const goods = Number( totals.total_items ) - Number( totals.total_discount ) + tax;
		set( badge, amount( goods, totals.currency_minor_unit ), amount( tax, totals.currency_minor_unit ) );
	}

	addEventListener( 'load', () => {
		if ( hasBlock() && window.wp && window.wp.data ) window.wp.data.subscribe( cartChanged );
		if ( ! window.jQuery ) return;
		window.jQuery( document.body ).on( 'found_variation', ( event, variation ) => {
			const badge = document.querySelector( '[data-loyalty-points-for]:not([data-loyalty-points-for="cart"])' );
			if ( badge && variation.loyalty_price ) set( badge, variation.loyalty_price, variation.loyalty_tax );
		} );
	} );
} )();
