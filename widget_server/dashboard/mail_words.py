"""What the letters to customers are called, when each is sent, and what customers unsubscribe from."""

from flask_babel import lazy_gettext as _l

LETTER_NAMES = {
    "points_earned": _l("Points were earned"),
    "points_moved": _l("Points were changed or taken back"),
    "reward_redeemed": _l("A reward was redeemed"),
    "points_expire": _l("Points expire soon"),
    "tier_reached": _l("A tier was reached"),
    "tier_at_risk": _l("A tier ends soon"),
    "tier_lost": _l("A tier was lost"),
    "referral_completed": _l("A referral is complete"),
    "birthday_gift": _l("Points for a birthday"),
    "sign_up": _l("Code for signing up"),
    "sign_in": _l("Code for signing in"),
    "by_link": _l("Link for signing in"),
    "reset": _l("Code for a new password"),
    "new_device": _l("Signed in from a new device"),
    "new_password": _l("The password was changed"),
}
LETTER_HINTS = {
    "points_earned": _l("One mail for each order or action, once its points can be spent. None for daily visits."),
    "points_moved": _l("When staff change a balance, or a refund takes points back."),
    "reward_redeemed": _l("With the code and how to use it. No link to unsubscribe, as customers need the code."),
    "points_expire": _l("On the days that are set under Expiry."),
    "tier_reached": _l("Also when staff give the tier."),
    "tier_at_risk": _l("Within 30 days before the tier ends, unless more is collected."),
    "tier_lost": _l("When points have left the period that counts."),
    "referral_completed": _l("To the advocate, with the gift."),
    "birthday_gift": _l("Only to customers who accept marketing; the others get the mail about earned points."),
}
TOPIC_NAMES = {
    "points": _l("Points earned and taken back"),
    "expiry": _l("Points that expire"),
    "tiers": _l("Tiers"),
    "referrals": _l("Referrals"),
    "birthday": _l("Birthday"),
}


def name_of(letter: str) -> str:
    """Returns what a letter is called; one without a name has that of its template."""
    return str(LETTER_NAMES.get(letter, letter))
