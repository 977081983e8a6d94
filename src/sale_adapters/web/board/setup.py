"""What the board is told of the place that it works in."""

from urllib.parse import urlsplit

import attrs

from sale_domain.documents import JsonObject


@attrs.frozen(kw_only=True)
class Named:
    """Something that people know by a name, and services by an id."""

    id: str
    name: str


@attrs.frozen(kw_only=True)
class BoardSetup:
    """What is offered beyond the service itself; a board without any of it works too.

    Attributes:
        sign_in_url: Gives a token for a role at one click: demos only.
        pay_url: Plays a payment: demos only.
        channels: The sale channels that new orders can be opened at.
        items: What is on the buttons of an open order.
        units: The tables that the floor shows, also while they are free.
    """

    sign_in_url: str | None = None
    pay_url: str | None = None
    channels: tuple[Named, ...] = ()
    items: tuple[Named, ...] = ()
    units: tuple[Named, ...] = ()

    def document(self) -> JsonObject:
        """Return it as the page reads it."""
        return {
            "demoSignInUrl": self.sign_in_url,
            "demoPayUrl": self.pay_url,
            "channels": _listed(self.channels),
            "items": _listed(self.items),
            "units": _listed(self.units),
        }

    def origins(self) -> tuple[str, ...]:
        """Return what the page calls beside its own origin."""
        parts = [urlsplit(url) for url in (self.sign_in_url, self.pay_url) if url]
        return tuple(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))


def _listed(things: tuple[Named, ...]) -> list[JsonObject]:
    return [{"id": thing.id, "name": thing.name} for thing in things]
