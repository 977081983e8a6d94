"""Everything that the use cases need, in one value."""

import attrs

from sale_domain.ports.allocations import AllocationUsages
from sale_domain.ports.answers import Answers
from sale_domain.ports.kitchen import KitchenStations, KitchenTickets
from sale_domain.ports.orders import Inbox, Orders
from sale_domain.ports.runtime import Clock, Ids
from sale_domain.ports.sisters import Catalog, Policies, Pricing, TokenVerifier


@attrs.frozen(kw_only=True)
class StoreParts:
    """What sweeps need: they ask no sister service."""

    orders: Orders
    inbox: Inbox
    usages: AllocationUsages
    clock: Clock
    ids: Ids


@attrs.frozen(kw_only=True)
class Parts(StoreParts):
    """The ports, each filled by an adapter; the composition root chooses which."""

    answers: Answers
    tickets: KitchenTickets
    stations: KitchenStations
    catalog: Catalog
    pricing: Pricing
    tokens: TokenVerifier
    policies: Policies
