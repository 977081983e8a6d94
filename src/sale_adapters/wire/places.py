"""Where things are, for everyone who names a path."""

BASE = "/v1/api/sale"
"""What every path begins with (C18)."""
