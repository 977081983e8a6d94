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
    USAGE_CREATE = "AllocationUsage.create"
    USAGE_UPDATE = "AllocationUsage.update"
    USAGE_FIND = "AllocationUsage.find"
    KITCHEN_TICKET_CREATE = "KitchenTicket.create"
    KITCHEN_TICKET_FIND = "KitchenTicket.find"
    KITCHEN_TICKET_FIND_BY_ID = "KitchenTicket.findById"
    KITCHEN_TICKET_VOID = "KitchenTicket.void"
    KITCHEN_TICKET_RUSH = "KitchenTicket.rush"
    KITCHEN_ITEM_COOK = "KitchenTicketItem.cook"
    KITCHEN_ITEM_FINISH = "KitchenTicketItem.finish"
    KITCHEN_ITEM_SERVE = "KitchenTicketItem.serve"
    KITCHEN_ITEM_RECALL = "KitchenTicketItem.recall"
    KITCHEN_ITEM_VOID = "KitchenTicketItem.void"
    KITCHEN_STATION_FIND = "KitchenStation.find"
    KITCHEN_STATION_UPDATE = "KitchenStation.update"


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
