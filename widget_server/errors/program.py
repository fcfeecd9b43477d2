"""Refusals: the program: points, rewards, coupons, tiers and referrals."""

from widget_server.errors.base import BadRequest, Refusal


class TierUnknown(BadRequest):
    """Figures for a tier that does not exist; `tier_id` names it."""

    code, message = "tier_unknown", "There is no such tier."

    def __init__(self, tier_id: str) -> None:
        super().__init__(f"There is no tier {tier_id!r}.", field="tier_id", tier_id=tier_id)


class TierTaken(Refusal):
    """Another tier has this name or needs the same number of points; `field` says which."""

    kind, code, message = "conflict", "tier_taken", "Another tier has this name or as many points."


class CampaignTaken(Refusal):
    """Another campaign has this name."""

    kind, code, message = "conflict", "campaign_taken", "Another campaign has this name."


class CannotTakeBack(Refusal):
    """A change of the program cannot be taken back; `reason` says why, `fields` what was changed since."""

    kind, code, message = "conflict", "cannot_take_back", "This change cannot be taken back."


class DraftOutdated(Refusal):
    """The program was changed where the draft changes it too; `objects` names what. Settle each, then publish."""

    kind, code, message = "conflict", "draft_outdated", "The program has changed where the draft changes it too."


class TierProgramExists(Refusal):
    """A shop has one set of tier settings; they exist and can be changed."""

    kind, code, message = "conflict", "tier_program_exists", "The tier settings exist already."


class ProgramNotActive(Refusal):
    """Nothing is earned or redeemed while the program is draft or paused (acceptance 16)."""

    kind, code, message = "precondition", "program_not_active", "The program is not active now."


class BadTransition(Refusal):
    """The program cannot change from its status to the requested one."""

    kind, code, message = "conflict", "bad_transition", "That change of state is not possible."


class NotEnoughPoints(Refusal):
    """The spendable balance is lower than the cost."""

    kind, code, message = "conflict", "not_enough_points", "There are not enough points."

    def __init__(self, *, needs: int, has: int) -> None:
        super().__init__(needs=needs, has=has)


class BalanceTooLarge(Refusal):
    """A transaction moves 1 to 10^9 points, and a balance stays below 10^15."""

    kind, code, message = "conflict", "amount_out_of_range", "That is more points than an account can hold."


class WorthNothing(BadRequest):
    """The points come to less than one coin of the shop's currency; `field` names what was chosen."""

    code, message = "worth_nothing", "These points come to less than one coin of the currency."


class NotWholeCoins(BadRequest):
    """An amount of money has more decimal places than the currency; `field` names it."""

    code = "not_whole_coins"

    def __init__(self, currency: str, *, field: str) -> None:
        super().__init__(f"This amount has more decimal places than {currency} has.", field=field)


class LowContrast(Refusal):
    """The accent colour is too pale for what the widget draws with it.

    `has` is its contrast, `needs` the one it needs, both as text; `proposal` is the nearest colour that passes.
    """

    kind, code, message = "conflict", "low_contrast", "This colour is too pale."

    def __init__(self, *, has: str, needs: str, proposal: str, field: str = "colour") -> None:
        super().__init__(
            f"This colour has a contrast of {has}:1; {needs}:1 is needed. {proposal} is the nearest that passes.",
            field=field,
            has=has,
            needs=needs,
            proposal=proposal,
        )


class RewardUnavailable(Refusal):
    """The reward is not active, outside its dates, sold out or not for this customer."""

    kind, code, message = "conflict", "reward_unavailable", "This reward is not available now."


class RewardLimitReached(RewardUnavailable):
    """The customer has redeemed this reward as often as its limit allows."""

    code, message = "reward_limit_reached", "You have reached the limit of this reward."


class TierTooLow(RewardUnavailable):
    """The reward is for a higher tier."""

    code, message = "tier_too_low", "This reward is for a higher tier."


class ChannelNotEnabled(Refusal):
    """No active social rule of the shop names this channel."""

    kind, code, message = "precondition", "channel_not_enabled", "No active rule gives points for this channel."


class CheckoutTaken(Refusal):
    """The checkout has a discount already, and takes one at a time; `discount_id` names it."""

    kind, code, message = "conflict", "checkout_taken", "This checkout has a discount already."


class CheckoutEnded(Refusal):
    """The discount has ended, or its order is being placed; `status` says which."""

    kind, code, message = "conflict", "checkout_ended", "This discount can no longer be changed in this way."


class CouponNotUsable(Refusal):
    """The coupon cannot be used; `reason` says why."""

    kind, code, message = "conflict", "coupon_not_usable", "This code cannot be used."


class CouponNotReturnable(Refusal):
    """The coupon was used or applied, or the time to return it is over."""

    kind, code, message = "conflict", "coupon_not_returnable", "This code can no longer be returned."


class RuleNotClickable(Refusal):
    """A click may trigger only the daily visit and social rules (acceptance 26)."""

    kind, code, message = "forbidden", "rule_not_clickable", "This rule cannot be triggered by a click."


class OwnReferralCode(Refusal):
    """A member used their own referral code."""

    kind, code, message = "conflict", "own_referral_code", "This is your own code."


class ReferralCodeUnknown(BadRequest):
    """No member has this referral code."""

    code, message = "referral_code_unknown", "No member has this code."

    def __init__(self) -> None:
        super().__init__(field="code")


class AlreadyReferred(Refusal):
    """A friend has one advocate only, chosen before the friend's first purchase."""

    kind, code, message = (
        "conflict",
        "already_referred",
        "A friend's code can be used once, by new customers.",
    )
