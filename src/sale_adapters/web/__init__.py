"""Sale over HTTP (contract §9)."""

from sale_adapters.web.app import create_app

__all__ = ["create_app"]
