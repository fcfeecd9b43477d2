"""The letters that an owner switches on and off, and the topics that a customer can unsubscribe from (contracts §25).

Codes, links and notices of sign-in are in no list: customers request them, or must know of them.
"""

from collections.abc import Collection
from dataclasses import dataclass

TOPICS = ("points", "expiry", "tiers", "referrals", "birthday")
EVERYTHING = "all"  # stands for all topics, also those that are added later
TOPICS_OFF = (*TOPICS, EVERYTHING)


@dataclass(frozen=True)
class LetterKind:
    """A letter that can be switched off. `topic` is what customers unsubscribe from; None: it is transactional.

    An `advertises` letter goes only to customers who accept marketing.
    """

    name: str
    topic: str | None
    advertises: bool = False


LETTER_KINDS = {
    kind.name: kind
    for kind in (
        LetterKind("points_earned", "points"),
        LetterKind("points_moved", "points"),
        LetterKind("reward_redeemed", None),
        LetterKind("points_expire", "expiry"),
        LetterKind("tier_reached", "tiers"),
        LetterKind("tier_at_risk", "tiers"),
        LetterKind("tier_lost", "tiers"),
        LetterKind("referral_completed", "referrals"),
        LetterKind("birthday_gift", "birthday", advertises=True),
    )
}
SWITCHABLE = tuple(LETTER_KINDS)
ON_BEFORE = ("points_expire", "referral_completed")  # what a shop sends that never chose: an update adds no mail
ON_AT_FIRST = (  # of a shop that the first run creates: what customers expect, without the sad ones
    *("points_earned", "reward_redeemed", "points_expire", "tier_reached", "referral_completed", "birthday_gift"),
)


def turned_off(topics: Collection[str]) -> list[str]:
    """Returns topics that a customer does not want, as they are stored: in one order, or EVERYTHING alone."""
    return [EVERYTHING] if EVERYTHING in topics else [topic for topic in TOPICS if topic in topics]


def needs_unsubscribing(letter: str) -> bool:
    """Whether a letter has a link to unsubscribe: one of a topic has, a transactional one has none."""
    kind = LETTER_KINDS.get(letter)
    return kind is not None and kind.topic is not None
