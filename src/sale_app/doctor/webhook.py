"""A look at what keeps strangers away from the webhook, which believes what it is told (C25)."""

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
    return Seen(f"guarded by {', '.join(guards)}")
