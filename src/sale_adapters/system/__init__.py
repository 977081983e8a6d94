"""The machine's own clock and chance."""

from sale_adapters.system.clock import SystemClock
from sale_adapters.system.ids import UlidIds

__all__ = ["SystemClock", "UlidIds"]
