"""Who asks, and under which conditions."""

import attrs

from sale_domain.errors import StaleVersion
from sale_domain.ids import MerchantId, UserId
from sale_domain.ports.answers import Once


@attrs.frozen(kw_only=True)
class Context:
    """One request to Sale.

    Attributes:
        if_match: The version that the caller has seen; None asks for no particular one.
        once: Set when the request must have its effect once (Idempotency-Key).
        traceparent: W3C trace context, handed on to Kafka.
    """

    merchant_id: MerchantId
    user_id: UserId
    if_match: int | None = None
    once: Once | None = None
    traceparent: str | None = None

    def check_version(self, version: int) -> None:
        """Compare a thing's version with the one that the caller has seen.

        Raises:
            StaleVersion: they differ.
        """
        if self.if_match is not None and self.if_match != version:
            raise StaleVersion(expected=self.if_match, actual=version)
