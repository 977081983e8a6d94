"""Commerce: variants, their infos, sale channels and categories, to be read."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sale_adapters.sandbox.answers import ExactJson, Refused
from sale_adapters.sandbox.catalogue import product, variant
from sale_adapters.wire.demo_shop import CATEGORIES, CHANNELS, Variant

_INFOS: Mapping[str, Callable[[str], Variant | None]] = {"ProductVariant": variant, "Product": product}


def commerce_routes() -> list[Route]:
    """Build the reads of contract §10; what does not exist is a 404."""
    return [
        Route("/product-variants/{id}", _product_variant),
        Route("/product-infos", _product_info),
        Route("/sale-channels/{id}", _sale_channel),
        Route("/categories/{id}", _category),
    ]


async def _product_variant(request: Request) -> Response:
    found = variant(request.path_params["id"])
    if found is None:
        raise _unknown(request)
    components = [{"itemId": component, "quantity": 1} for component in found.components]
    shown = {
        "id": found.id,
        "productId": found.product_id,
        "slug": found.slug,
        "type": "COMBO" if components else "STANDARD",
        "status": "ACTIVE",
        "uom": found.uom,
        "categoryIds": [found.category_id],
        "stockId": found.stock_id,
        "recipeId": found.recipe_id,
        "metadata": {"components": components} if components else {},
    }
    return ExactJson({name: value for name, value in shown.items() if value is not None})


async def _product_info(request: Request) -> Response:
    kind = request.query_params.get("principalType", "")
    principal_id = request.query_params.get("principalId", "")
    if kind not in _INFOS:
        raise Refused(400, "bad-principal-type", f"principalType must be one of {', '.join(_INFOS)}, not {kind!r}")
    found = _INFOS[kind](principal_id)
    if found is None:
        raise _unknown(request)
    return ExactJson(
        {
            "principalType": kind,
            "principalId": principal_id,
            "name": found.name,
            "description": found.description,
            "locale": "vi-VN",
        }
    )


async def _sale_channel(request: Request) -> Response:
    channel = CHANNELS.get(request.path_params["id"])
    if channel is None:
        raise _unknown(request)
    return ExactJson(
        {
            "id": channel.id,
            "merchantId": channel.merchant_id,
            "currency": channel.currency,
            "status": "ACTIVE",
            "name": channel.name,
        }
    )


async def _category(request: Request) -> Response:
    category_id = request.path_params["id"]
    if category_id not in CATEGORIES:
        raise _unknown(request)
    return ExactJson({"id": category_id, "name": CATEGORIES[category_id]})


def _unknown(request: Request) -> Refused:
    return Refused(404, "not-found", f"commerce knows nothing at {request.url.path}?{request.url.query}".rstrip("?"))
