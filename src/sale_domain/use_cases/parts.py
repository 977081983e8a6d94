"""Everything that the use cases need, in one value."""

import attrs

from sale_domain.ports.answers import Answers
from sale_domain.ports.orders import Inbox, Orders
from sale_domain.ports.runtime import Clock, Ids
from sale_domain.ports.sisters import Catalog, Policies, Pricing, TokenVerifier


@attrs.frozen(kw_only=True)
class Parts:
    """The ports, each filled by an adapter; the composition root chooses which."""

    orders: Orders
    inbox: Inbox
    answers: Answers
    catalog: Catalog
    pricing: Pricing
    tokens: TokenVerifier
    policies: Policies
    clock: Clock
    ids: Ids
