"""A trial: a slice of a backtest, from the reader's kept text to the figures so far; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from widget_server.loyalty.backtest import drafts, figures, progress_texts, replay
from widget_server.loyalty.backtest.drafts import Draft
from widget_server.loyalty.backtest.figures import Figures
from widget_server.loyalty.backtest.replay import Progress
from widget_server.loyalty.program.shops import Shop

MONTHS_USUAL = 3


@dataclass(frozen=True)
class Trial:
    """What a backtest has found until now: the figures of the present program and of the draft, for orders `since`.

    `progress` is the text with which the next slice goes on.
    """

    since: datetime
    found: Progress
    today: Figures
    draft: Figures
    progress: str


def go_on(shop: Shop, draft: Draft, facts: Sequence[object], months: int, progress: str) -> Trial:
    """Replay the next slice of the orders of the last months; `facts` stand for the draft, as JSON values.

    It begins anew for a `progress` of another shop, span or draft.
    """
    purpose, today = progress_texts.purpose_of(shop, months, facts), drafts.present(shop)
    since = replay.start_of(shop, months)
    found = replay.replay(shop, today, draft, since, progress_texts.read(purpose, progress))
    return Trial(
        since,
        found,
        figures.figures(shop, today, found.today, found.sales),
        figures.figures(shop, draft, found.draft, found.sales),
        progress_texts.sealed(purpose, found),
    )
