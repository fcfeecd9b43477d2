// The block "Loyalty page" in the editor: the server renders it, there and in the shop.
( function ( blocks, element, i18n, ServerSideRender ) {
	blocks.registerBlockType( 'loyalty-widget/page', {
		apiVersion: 2,
		title: i18n.__( 'Loyalty page', 'loyalty-widget' ),
		description: i18n.__( 'Points, rewards and invitations of the customer.', 'loyalty-widget' ),
		icon: 'awards',
		category: 'widgets',
		supports: { html: false, multiple: false },
		edit: function () {
			return element.createElement( ServerSideRender, { block: 'loyalty-widget/page' } );
		},
		save: function () {
			return null;
		},
	} );
} )( window.wp.blocks, window.wp.element, window.wp.i18n, window.wp.serverSideRender );
