"""The webhook's boundary (C25), as far as it is ours: from where it may be called, and whether it must be signed."""

import logging
from datetime import datetime

import attrs
from starlette.requests import Request

from sale_adapters.wire.addresses import Network, origin, within
from sale_adapters.wire.refusals import NetworkRefused
from sale_adapters.wire.signatures import check_signature, check_time

_LOG = logging.getLogger("sale.boundary")


@attrs.frozen(kw_only=True)
class Boundary:
    """What a webhook must pass before anything of it is looked at or kept; by default it is open.

    Attributes:
        networks: Whoever may call; empty is everybody.
        trusted_proxies: Whose X-Forwarded-For is believed.
        secrets: One of them must have signed the body; empty asks for no signature.
    """

    networks: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    secrets: tuple[bytes, ...] = attrs.field(default=(), repr=False)

    @property
    def signed(self) -> bool:
        """Tell whether what is not signed is refused."""
        return bool(self.secrets)

    def admit(self, request: Request, *, now: datetime) -> None:
        """Look at everything but the body.

        Raises:
            NetworkRefused: it comes from elsewhere.
            SignatureMissing, SignatureWrong, SignatureStale: the headers of its signature are not good.
        """
        if self.networks:
            forwarded = request.headers.getlist("x-forwarded-for")
            peer = request.client.host if request.client else None
            address = origin(peer, forwarded=forwarded, trusted=self.trusted_proxies)
            if address is None or not within(address, self.networks):
                _LOG.warning("webhook refused peer=%s origin=%s", peer, address)
                raise NetworkRefused
        if self.signed:
            check_time(request.headers, now=now)

    def verify(self, request: Request, body: bytes) -> None:
        """Look at the body's signature.

        Raises:
            SignatureWrong: none of the secrets has made it.
        """
        if self.signed:
            check_signature(request.headers, body, secrets=self.secrets)
