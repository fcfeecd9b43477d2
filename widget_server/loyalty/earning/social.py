"""Social channels that members follow: stored once, and paid once by the shop's social rules (wix-api §1b).

Only the click is known (acceptance 26): no platform confirms that a member really follows. The channels of a shop
are those of its social rules that are on.
"""

from widget_server import clock, ledger
from widget_server.db import ShopTable, Text, UtcDateTime, atomic, insert_once, new_id
from widget_server.errors import ChannelNotEnabled
from widget_server.events import ChannelFollowed, emit
from widget_server.loyalty.earning import actions, order_points, rules
from widget_server.loyalty.earning.actions import Action
from widget_server.loyalty.earning.rules import EarningRule
from widget_server.loyalty.people.customers import Customer
from widget_server.loyalty.people.forgetting import Forgotten
from widget_server.loyalty.program import programs
from widget_server.loyalty.program.shops import Shop


class FollowedChannel(ShopTable):
    """An account follows a channel; `channel` is in lower case."""

    id = Text(primary_key=True)
    account_id = Text()
    channel = Text()
    created_at = UtcDateTime()

    class Meta:
        indexes = ((("shop_id", "account_id", "channel"), True),)


def enabled(shop: Shop) -> list[str]:
    """The channels that the shop pays for now, in lower case, in the merchant's order."""
    return list(dict.fromkeys(_channel_of(rule) for rule in _rules(shop)))


def follow(shop: Shop, customer: Customer, channel: str, *, source: str) -> FollowedChannel:
    """Store that the member follows the channel; its rules pay, each once. A repeat returns the same row.

    Raises ChannelNotEnabled when no social rule of the shop names the channel, ProgramNotActive, and BalanceTooLarge.
    """
    channel = channel.lower()
    rules = [rule for rule in _rules(shop) if _channel_of(rule) == channel]
    if not rules:
        raise ChannelNotEnabled(field="channel", enabled=enabled(shop))
    program = programs.need_active(shop.id)
    with atomic():
        if order_points.may_earn(customer, program):
            for rule in rules:
                actions.pay(shop, rule, customer, Action("social", "click"), source)
        return _note(shop, customer, channel)


def click(shop: Shop, customer: Customer, rule_id: str) -> EarningRule:
    """Pay the member once for opening a social page from the panel; the channel then counts as followed.

    Returns the rule. Raises RuleNotClickable, NotFound, ProgramNotActive, and BalanceTooLarge.
    """
    with atomic():
        rule = actions.click(shop, customer, rule_id)
        if rule.terms.channel and rules.is_on(rule):
            _note(shop, customer, _channel_of(rule))
        return rule


def followed(shop: Shop, customer: Customer) -> list[FollowedChannel]:
    """The channels that the member follows, oldest first."""
    account = ledger.account_of(shop.id, customer.id)
    rows = FollowedChannel.of(shop).where(FollowedChannel.account_id == (account.id if account else None))
    return list(rows.order_by(FollowedChannel.created_at, FollowedChannel.id))


def move(shop: Shop, from_account_id: str, to_account_id: str) -> None:
    """Merge two accounts: the second then follows what either followed."""
    for row in list(FollowedChannel.of(shop).where(FollowedChannel.account_id == from_account_id)):
        same = (FollowedChannel.account_id == to_account_id, FollowedChannel.channel == row.channel)
        if FollowedChannel.one(shop, *same) is None:
            FollowedChannel.change(shop, {FollowedChannel.account_id: to_account_id}, FollowedChannel.id == row.id)
        else:
            FollowedChannel.remove(shop, FollowedChannel.id == row.id)


def forget(person: Forgotten) -> None:
    """Delete which channels this person follows."""
    FollowedChannel.remove(person.shop_id, FollowedChannel.account_id.in_(person.account_ids))


def _note(shop: Shop, customer: Customer, channel: str) -> FollowedChannel:
    account = ledger.open_account(shop.id, customer.id)
    row = {"id": new_id(), "shop_id": shop.id, "account_id": account.id, "channel": channel}
    if insert_once(FollowedChannel, {**row, "created_at": clock.now()}):
        emit(ChannelFollowed(shop.id, row["id"]))
    return FollowedChannel.need(shop, FollowedChannel.account_id == account.id, FollowedChannel.channel == channel)


def _rules(shop: Shop) -> list[EarningRule]:
    found = EarningRule.of(shop).where(EarningRule.kind == "social").order_by(EarningRule.position)
    return [rule for rule in found if rules.is_on(rule) and rule.terms.channel]


def _channel_of(rule: EarningRule) -> str:
    return (rule.terms.channel or "").lower()
