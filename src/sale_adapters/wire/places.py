"""Where things are, for everyone who names a path."""

BASE = "/v1/api/sale"
"""What every path begins with (C18)."""

STREAM = f"{BASE}/stream"
"""The live stream (contract §8)."""
