"""Every GraphQL request that this server sends to Shopify, by what it is for."""

from widget_server.stores.shopify import codes, proxy, subscriptions

REQUESTS = {
    "check the app's scopes": codes.CHECK,
    "find a code": codes.FIND,
    "price of a free product": codes.PRODUCT,
    "make a code": codes.MAKE_BASIC,
    "make a code for free shipping": codes.MAKE_FREE_SHIPPING,
    "delete a code": codes.DELETE,
    "list the webhooks": subscriptions.LIST,
    "create a webhook": subscriptions.CREATE,
    "delete a webhook": subscriptions.DELETE,
    "e-mail address and name of a customer": proxy.CUSTOMER,
}
