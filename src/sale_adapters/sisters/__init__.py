"""Commerce, pricing and identity over HTTP (C6 to C9)."""
