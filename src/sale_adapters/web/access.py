"""Who may call: a token, a merchant that it names, a permission (contract §9), in this order."""

import attrs
from starlette.requests import Request

from sale_adapters.web.rates import Rates
from sale_adapters.wire.refusals import InvalidInput
from sale_domain.ids import MerchantId, UserId
from sale_domain.permissions import Permission
from sale_domain.port_errors import Forbidden, Unauthenticated
from sale_domain.sale import Sale


@attrs.frozen
class Public:
    """Says that a path asks nobody who they are."""


PUBLIC = Public()


@attrs.frozen(kw_only=True)
class Caller:
    """Who calls, and for which merchant."""

    user_id: UserId
    merchant_id: MerchantId


async def admit(request: Request, sale: Sale, permission: Permission, rates: Rates) -> Caller:
    """Return who calls.

    Raises:
        Unauthenticated: there is no token, or it proves nothing.
        TooManyRequests: the user has asked too often just now.
        InvalidInput: no merchant is named.
        Forbidden: the merchant is not the token's, or the permission is not given.
        SisterUnavailable: nobody can tell.
    """
    principal = await sale.authenticate(_bearer(request))
    rates.take(principal.user_id)
    merchant_id = MerchantId(request.headers.get("x-merchant-id", ""))
    if not merchant_id:
        raise InvalidInput.at("/headers/x-merchant-id", "is required")
    if merchant_id not in principal.merchants:
        raise Forbidden(reason="The token does not name this merchant.")
    await sale.authorize(principal, permission)
    return Caller(user_id=principal.user_id, merchant_id=merchant_id)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(reason="Send a token: Authorization: Bearer …")
    return token.strip()
