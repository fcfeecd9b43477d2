"""One object with all parts of the shop."""

from dataclasses import dataclass

from demo_shop.config import ShopConfig
from demo_shop.coupons import Coupons
from demo_shop.customers import Customers
from demo_shop.database import Database
from demo_shop.loyalty import Loyalty
from demo_shop.mails import MailFolder
from demo_shop.orders import Orders
from demo_shop.outbox import Outbox
from demo_shop.reviews import Reviews


@dataclass(frozen=True)
class Shop:
    """The parts that the pages and the history use."""

    config: ShopConfig
    database: Database
    loyalty: Loyalty
    outbox: Outbox
    customers: Customers
    orders: Orders
    reviews: Reviews
    coupons: Coupons
    mails: MailFolder

    @classmethod
    def open(cls, config: ShopConfig) -> "Shop":
        """Returns the shop with these settings; creates its tables. Nothing is sent before `outbox.start`."""
        database = Database(config.database)
        loyalty = Loyalty(config)
        outbox = Outbox(database, loyalty)
        return cls(
            config=config,
            database=database,
            loyalty=loyalty,
            outbox=outbox,
            customers=Customers(database, outbox),
            orders=Orders(database, outbox, config.currency),
            reviews=Reviews(database, outbox),
            coupons=Coupons(loyalty, config.currency),
            mails=MailFolder(config.mail_dir),
        )
