"""How Sale says that it lives, and that it can work."""

from collections.abc import Mapping

import attrs


@attrs.frozen(kw_only=True)
class HealthBody:
    """The process runs.

    Attributes:
        status: `alive`.
    """

    status: str


@attrs.frozen(kw_only=True)
class ReadinessBody:
    """Every part is there that Sale cannot do without.

    Attributes:
        status: `ready`.
        parts: What is there, by part.
    """

    status: str
    parts: Mapping[str, str]
