"""A look at what keeps strangers away from the webhook, which believes what it is told (C25)."""

from collections.abc import Iterator

from sale_adapters.wire.addresses import Network
from sale_app.doctor.findings import Seen
from sale_app.settings import Settings


async def look_at_webhook(settings: Settings) -> Seen:
    """Return what the settings say; whether mq-pay has the same secret only its deliveries can tell."""
    guards = []
    if settings.webhook_port is not None:
        guards.append(f"a port of its own, {settings.webhook_port}")
    if settings.webhook_networks:
        guards.append(f"an allow-list ({', '.join(map(str, settings.webhook_networks))})")
    if settings.webhook_secrets:
        count = len(settings.webhook_secrets)
        guards.append(f"signatures ({count} secret{'s' if count > 1 else ''})")
    if not guards:
        return Seen(
            f"whoever reaches port {settings.http_port} can say that an order is paid",
            "see docs/how-to/protect-the-webhook.md",
        )
    return Seen(f"guarded by {', '.join(guards)}", "; ".join(_holes(settings)) or None)


def _holes(settings: Settings) -> Iterator[str]:
    """Yield what lets more in than its setting seems to say."""
    allowed, trusted = settings.webhook_networks, settings.trusted_proxies
    if not (allowed or settings.webhook_secrets):
        yield "that keeps away only whom a network policy keeps from it, see docs/how-to/protect-the-webhook.md"
    for network in allowed:
        if network.prefixlen == 0:
            yield f"SALE_WEBHOOK_NETWORKS lets everybody in: {network}"
        elif any(_holds(proxies, network) for proxies in trusted):
            yield f"whoever is in SALE_TRUSTED_PROXIES can say that he comes from {network}, which lies within it"
    for network in trusted:
        if allowed and network.prefixlen == 0:
            yield f"SALE_TRUSTED_PROXIES lets everybody say where he comes from: {network}"


def _holds(outer: Network, inner: Network) -> bool:
    return inner.network_address in outer and inner.prefixlen >= outer.prefixlen
