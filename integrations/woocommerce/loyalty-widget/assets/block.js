// The block "Loyalty page" in the editor: the server renders it, there and in the shop.
( function ( blocks, blockEditor, components, element, i18n, ServerSideRender ) {
	const create = element.createElement;
	blocks.registerBlockType( 'loyalty-widget/page', {
		apiVersion: 2,
		title: i18n.__( 'Loyalty page', 'loyalty-widget' ),
		description: i18n.__( 'Points, rewards and invitations of the customer.', 'loyalty-widget' ),
		icon: 'awards',
		category: 'widgets',
		supports: { html: false, multiple: false },
		edit: function () {
			// The editor selects and moves the block by these attributes; its links lead nowhere here.
			const shown = create( ServerSideRender, { block: 'loyalty-widget/page' } );
			return create( 'div', blockEditor.useBlockProps(), create( components.Disabled, null, shown ) );
		},
		save: function () {
			return null;
		},
	} );
} )( window.wp.blocks, window.wp.blockEditor, window.wp.components, window.wp.element, window.wp.i18n, window.wp.serverSideRender );
