"""`sale doctor` looks at what guards the webhook."""

from typing import Any

import pytest

from sale_app.doctor.webhook import look_at_webhook
from sale_app.setting_shapes import networks
from sale_app.settings import Settings


@pytest.mark.parametrize(
    ("guard", "minded"),
    [
        ({"webhook_port": 31031}, ["that keeps away only whom a network policy keeps from it"]),
        ({"webhook_networks": "0.0.0.0/0"}, ["SALE_WEBHOOK_NETWORKS lets everybody in: 0.0.0.0/0"]),
        ({"webhook_networks": "10.2.0.0/16,::/0"}, ["SALE_WEBHOOK_NETWORKS lets everybody in: ::/0"]),
        (
            {"webhook_networks": "10.2.0.0/16", "trusted_proxies": "10.0.0.0/8"},
            ["whoever is in SALE_TRUSTED_PROXIES can say that he comes from 10.2.0.0/16, which lies within it"],
        ),
        (
            {"webhook_networks": "10.2.0.0/16", "trusted_proxies": "0.0.0.0/0"},
            ["whoever is in SALE_TRUSTED_PROXIES can", "SALE_TRUSTED_PROXIES lets everybody say where he comes from"],
        ),
        ({"webhook_networks": "10.2.0.0/16", "trusted_proxies": "10.9.0.0/16,2001:db8::/32"}, []),
        ({"webhook_port": 31031, "webhook_networks": "10.2.0.0/16"}, []),
        ({"webhook_port": 31031, "webhook_secrets": (b"a-secret-of-mq-pay",)}, []),
    ],
    ids=str,
)
async def test_a_guard_that_lets_everybody_in_is_minded(guard: dict[str, Any], minded: list[str]) -> None:
    read: dict[str, Any] = {"webhook_networks": (), "trusted_proxies": ()}
    read |= {name: networks(value) if isinstance(value, str) else value for name, value in guard.items()}
    seen = await look_at_webhook(Settings(**read))

    holes = seen.mind.split("; ") if seen.mind else []
    assert len(holes) == len(minded), holes
    assert all(hole.startswith(said) for hole, said in zip(holes, minded, strict=True)), holes
