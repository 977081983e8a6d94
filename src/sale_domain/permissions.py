"""Who may do what: one permission a route, allowed or denied per role (contract §9)."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum

import attrs

from sale_domain.ids import MerchantId, UserId


class Permission(Enum):
    """What a caller may be allowed to do; the value is the code that policies name as their action."""

    ORDER_CREATE = "SaleOrder.create"
    ORDER_FIND = "SaleOrder.find"
    ORDER_FIND_BY_ID = "SaleOrder.findById"
    ORDER_UPDATE = "SaleOrder.update"
    ORDER_CHECKOUT = "SaleOrder.checkout"
    ORDER_REVERT = "SaleOrder.revert"
    ORDER_CANCEL = "SaleOrder.cancel"
    PAYMENT_FIND = "Payment.find"
    KITCHEN_TICKET_FIND = "KitchenTicket.find"
    ALLOCATION_USAGE_FIND = "AllocationUsage.find"


class Effect(Enum):
    """What a policy says; no policy says nothing."""

    ALLOW = "allow"
    DENY = "deny"


BYPASS_ROLES = frozenset({"super-admin", "admin", "operator"})
"""Roles that need no policy."""


@attrs.frozen(kw_only=True)
class Principal:
    """Who a token speaks for.

    Attributes:
        merchants: The merchants that the user may act for.
        expires_at: When the token stops speaking for anybody; None for one that never does.
    """

    user_id: UserId
    roles: frozenset[str]
    merchants: frozenset[MerchantId]
    expires_at: datetime | None = None

    @property
    def bypasses_policies(self) -> bool:
        """Tell whether one of the roles needs no policy."""
        return bool(self.roles & BYPASS_ROLES)


def is_allowed(effects: Iterable[Effect | None]) -> bool:
    """Fold what each role's policy says: some allow and none denies; no opinion is no.

    >>> is_allowed([None, Effect.ALLOW]), is_allowed([Effect.ALLOW, Effect.DENY]), is_allowed([])
    (True, False, False)
    """
    said = set(effects)
    return Effect.ALLOW in said and Effect.DENY not in said
