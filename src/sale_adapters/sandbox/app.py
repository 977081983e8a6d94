"""All sisters below one URL: /identity /commerce /pricing /mq-pay /control."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Lifespan

from sale_adapters.sandbox.answers import ExactJson, Refused, problem
from sale_adapters.sandbox.commerce import commerce_routes
from sale_adapters.sandbox.control import Clock, Faults, PricingFaults, Sister, Sleep, Watched, control_routes
from sale_adapters.sandbox.identity import Identity, IdentitySettings, Policies, RequiresBearer, identity_routes
from sale_adapters.sandbox.mq_pay import Deliver, MqPay, Patience, Post
from sale_adapters.sandbox.pricing import pricing_routes

_INDEX: Mapping[str, object] = {
    "service": "sale sandbox: the sister services of Sale, for demos and tests",
    "identity": [
        "GET /identity/jw-certs",
        "POST /identity/token",
        "GET /identity/policy-definitions?role=&action=",
        "POST /identity/dev-token",
        "PUT /identity/dev-policies",
    ],
    "commerce": [
        "GET /commerce/product-variants/{id}",
        "GET /commerce/product-infos?principalType=&principalId=",
        "GET /commerce/sale-channels/{id}",
        "GET /commerce/categories/{id}",
    ],
    "pricing": ["POST /pricing/simulation/calculate", "POST /pricing/simulation-v2/calculate"],
    "mq-pay": ["POST /mq-pay/payments"],
    "control": ["PUT /control/{sister}", "GET /control/{sister}/requests", "DELETE /control"],
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_sandbox(
    *,
    webhook: str | Deliver,
    webhook_secrets: tuple[bytes, ...] = (),
    settings: IdentitySettings | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    patience: Patience | None = None,
    seed: int | None = None,
    clock: Clock = _utc_now,
    sleep: Sleep = asyncio.sleep,
    origins: Collection[str] = (),
) -> Starlette:
    """Build the sandbox (contract §10, §11).

    Args:
        webhook: the URL that mq-pay posts to, or a callable that delivers (in process, say).
        webhook_secrets: each signs what is posted to a URL.
        settings: issuer, audience and the client that may ask for a service token.
        key: signs the tokens (P-256); one is made when none is given.
        patience: how long mq-pay tries again.
        seed: makes payment ids repeatable; not where a database outlives the sandbox: a uid would name two payments.
        clock: aware UTC times.
        sleep: waits for latency and between deliveries, in seconds.
        origins: whose pages may call from a browser: the board's, for its tokens and payments.
    """
    sisters = _calm_sisters()
    identity = Identity(settings or IdentitySettings(), clock, key)
    deliver = Post(webhook, secrets=webhook_secrets, clock=clock) if isinstance(webhook, str) else webhook
    rng = random.Random(seed)  # noqa: S311 - payment uids only have to differ, nobody has to be unable to guess them
    mq_pay = MqPay(deliver=deliver, patience=patience or Patience(), clock=clock, rng=rng, sleep=sleep)
    guard = Middleware(RequiresBearer, identity=identity)

    def mount(name: str, routes: list[Route], *guards: Middleware) -> BaseRoute:
        watch = Middleware(Watched, sister=sisters[name], clock=clock, sleep=sleep)
        return Mount(f"/{name}", routes=routes, middleware=[watch, *guards])

    return Starlette(
        routes=[
            Route("/", _index),
            Route("/healthz", _healthz),
            mount("identity", identity_routes(identity, Policies())),
            mount("commerce", commerce_routes(), guard),
            mount("pricing", pricing_routes(lambda: cast("PricingFaults", sisters["pricing"].faults)), guard),
            mount("mq-pay", mq_pay.routes()),
            *control_routes(sisters),
        ],
        exception_handlers={Refused: _refused, HTTPException: _http_error},
        lifespan=_closing(deliver),
        middleware=[_pages(origins)],
    )


def _pages(origins: Collection[str]) -> Middleware:
    return Middleware(
        CORSMiddleware, allow_origins=tuple(origins), allow_methods=("POST",), allow_headers=("content-type",)
    )


def _calm_sisters() -> Mapping[str, Sister]:
    calm = {"identity": Faults(), "commerce": Faults(), "pricing": PricingFaults(), "mq-pay": Faults()}
    return {name: Sister(name, faults) for name, faults in calm.items()}


def _closing(deliver: Deliver) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        if isinstance(deliver, Post):
            await deliver.aclose()

    return lifespan


async def _index(_: Request) -> Response:
    return ExactJson(_INDEX)


async def _healthz(_: Request) -> Response:
    return ExactJson({"status": "ok"})


async def _refused(_: Request, refusal: Exception) -> Response:
    wrong = cast("Refused", refusal)
    return problem(wrong.status, wrong.code, wrong.detail)


async def _http_error(request: Request, error: Exception) -> Response:
    wrong = cast("HTTPException", error)
    return problem(wrong.status_code, "http-error", f"{request.method} {request.url.path}: {wrong.detail}")
