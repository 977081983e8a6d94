"""How long things may wait, as the settings say."""

from datetime import timedelta

from sale_app.settings import Settings
from sale_domain.ports.reconciling import Wait
from sale_domain.reconciliation import Limits

_FOR_EVER = timedelta(days=36_500)
_CLOCKS_DIFFER = timedelta(hours=1)
"""A row that clean-up is about to drop is not missed: clean-up and comparison may go by two machines' clocks."""


def limits_of(settings: Settings) -> Limits:
    """Return the reconciler's limits."""
    minutes = {
        Wait.DRAFT: settings.age_draft_minutes,
        Wait.PROCESSING: settings.age_processing_minutes,
        Wait.PARTIAL: settings.age_partial_minutes,
        Wait.PARKED: settings.age_parked_minutes,
        Wait.UNPUBLISHED: settings.age_unpublished_minutes,
        Wait.SET_ASIDE: settings.age_set_aside_minutes,
    }
    return Limits(
        ages={kind: timedelta(minutes=number) for kind, number in minutes.items()},
        events_kept=timedelta(days=settings.outbox_days) - _CLOCKS_DIFFER if settings.outbox_days else _FOR_EVER,
    )
