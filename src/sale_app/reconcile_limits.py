"""How long things may wait, as the settings say."""

from datetime import timedelta

from sale_app.settings import Settings
from sale_domain.ports.reconciling import Wait
from sale_domain.reconciliation import Limits


def limits_of(settings: Settings) -> Limits:
    """Return the reconciler's limits."""
    minutes = {
        Wait.PROCESSING: settings.age_processing_minutes,
        Wait.PARTIAL: settings.age_partial_minutes,
        Wait.PARKED: settings.age_parked_minutes,
        Wait.UNPUBLISHED: settings.age_unpublished_minutes,
        Wait.SET_ASIDE: settings.age_set_aside_minutes,
    }
    return Limits(
        ages={kind: timedelta(minutes=number) for kind, number in minutes.items()},
        events_kept=timedelta(days=settings.reconcile_outbox_days),
    )
