"""A look at identity, commerce and pricing: each is asked what `sale serve` asks, and nothing changes by it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import jwt

from sale_adapters.sisters.documents import Document, reason, usable
from sale_adapters.sisters.identity import TokenRules
from sale_adapters.sisters.keys import usable_keys
from sale_adapters.sisters.transport import Answer
from sale_app.doctor.findings import PATIENCE_SECONDS, NotReachable, NotWell, Seen, unreachable
from sale_app.setting_shapes import SIGNATURES
from sale_app.settings import Settings
from sale_domain.permissions import Permission
from sale_domain.port_errors import SisterUnavailable

_NOBODY = "sale-doctor"
"""No role, no item and no channel is called so."""

_REFUSED = (401, 403)
_NO_SUCH_DOOR = (404, 405)
_NOT_TRIED = "what it lets Sale do is not known, because identity gives Sale no token"
_LEEWAY_SECONDS = TokenRules(issuer="", audience="").leeway_seconds


async def look_at_identity(settings: Settings) -> Seen:
    """Return what there is to say of an identity whose keys, tokens and policies can be used.

    Raises:
        NotWell, NotReachable: see there.
    """
    async with _client() as client:
        where = ("SALE_IDENTITY_URL", "SALE_IDENTITY_JWKS_PATH")
        keys = await _asked(client, "GET", settings.identity_url + settings.identity_jwks_path, where)
        _check_clock(keys)
        _check_keys(keys, settings.jwt_algorithms, where)
        token = await _token(client, settings)
        await _try_policies(client, settings, token)
    return Seen("it publishes its keys, gives us a token, and tells its policies", _origin(token, settings))


async def look_at_commerce(settings: Settings) -> Seen:
    """Return what there is to say of a commerce that lets Sale read.

    Raises:
        NotWell, NotReachable: see there.
    """
    where = ("SALE_COMMERCE_URL", "SALE_COMMERCE_CHANNELS_PATH")
    channel = settings.board_channels[0][0] if settings.board_channels else _NOBODY
    async with _client() as client:
        token = await _token_or_none(client, settings)
        url = f"{settings.commerce_url}{settings.commerce_channels_path}/{channel}"
        answer = await _asked(client, "GET", url, where, token=token)
        # Whether a 404 is about the channel or about the path only shows beside that of a path which nobody serves.
        nowhere = await _asked(client, "GET", f"{settings.commerce_url}/{_NOBODY}/{_NOBODY}", where, token=token)
    if token is None:
        return Seen(f"it answers {answer.status_code}", _NOT_TRIED)
    if answer.status_code in _NO_SUCH_DOOR:
        if channel != _NOBODY:
            raise NotWell(f"it knows no sale channel {channel!r}, which SALE_BOARD_CHANNELS names; {_check(where)}")
        if not _is_json(answer):
            raise NotWell(f"{url} answers {answer.status_code} and no JSON; {_check(where)}")
        if _without_path(answer) == _without_path(nowhere):
            return Seen(
                "it takes our token",
                f"it says the same of any path, so whether it is commerce is not known; {_check(where)}, or name a sale"
                " channel in SALE_BOARD_CHANNELS and ask again",
            )
        return Seen("it takes our token, and does not know a channel that nobody has")
    _object(answer, where)
    return Seen(f"it takes our token, and knows the channel {channel!r}")


async def look_at_pricing(settings: Settings) -> Seen:
    """Return what there is to say of a pricing that calculates for Sale; asking has no side effect (C7).

    Raises:
        NotWell, NotReachable: see there.
    """
    async with _client() as client:
        token = await _token_or_none(client, settings)
        for version in ("v1", "v2"):
            where = ("SALE_PRICING_URL", f"SALE_PRICING_{version.upper()}_PATH")
            url = settings.pricing_url + (settings.pricing_v1_path if version == "v1" else settings.pricing_v2_path)
            answer = await _asked(client, "POST", url, where, token=token, json=_basket(settings))
            if token is None:
                return Seen(f"it answers {answer.status_code}", _NOT_TRIED)
            if answer.status_code in _NO_SUCH_DOOR:
                raise NotWell(f"{url} answers {answer.status_code}; {_check(where)}")
            if not answer.is_client_error:  # a basket of nobody's may be refused
                _object(answer, where)
    return Seen("it takes our token, and calculates v1 and v2")


def _basket(settings: Settings) -> dict[str, object]:
    channel = settings.board_channels[0][0] if settings.board_channels else _NOBODY
    line = {"lineId": "1", "itemType": "PRODUCT_VARIANT", "mode": "CUSTOM", "quantity": 1, "unitPrice": 1}
    return {"currency": "VND", "saleChannelId": channel, "items": [line]}


@asynccontextmanager
async def _client() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield client


async def _asked(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    where: Sequence[str],
    *,
    token: str | None = None,
    json: object = None,
    form: Mapping[str, str] | None = None,
) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    try:
        answer = await client.request(method, url, headers=headers, json=json, data=form)
    except httpx.RemoteProtocolError:
        raise NotWell(f"what answers at {url} speaks no HTTP, or hangs up; {_check(where)}") from None
    except httpx.HTTPError as error:
        raise unreachable(error) from None
    if answer.is_server_error:
        raise NotWell(f"{url} answers {answer.status_code}; look into that service's own log")
    if answer.is_redirect:
        raise NotWell(f"{url} sends us elsewhere, to {answer.headers.get('location')}; {_check(where)}")
    if token is not None and answer.status_code in _REFUSED:
        raise NotWell(
            f"it refuses the token that identity gives Sale ({_why(answer)}); let it trust identity, and allow the"
            f" client of SALE_CLIENT_ID this: {method} {answer.url.path}"
        )
    return answer


async def _token(client: httpx.AsyncClient, settings: Settings) -> str:
    where = ("SALE_IDENTITY_URL", "SALE_IDENTITY_TOKEN_PATH")
    url = settings.identity_url + settings.identity_token_path
    credentials = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    asked = {"grant_type": "client_credentials", **credentials}
    answer = await _asked(client, "POST", url, where, form=asked)
    if answer.status_code in _NO_SUCH_DOOR:
        raise NotWell(f"{url} answers {answer.status_code}; {_check(where)}")
    if answer.is_client_error:
        raise NotWell(f"it gives no token ({_why(answer)}); check SALE_CLIENT_ID and SALE_CLIENT_SECRET")
    try:
        return _object(answer, where).text("access_token")
    except SisterUnavailable:
        raise NotWell(f"{url} answers without an access_token; {_check(where)}") from None


async def _token_or_none(client: httpx.AsyncClient, settings: Settings) -> str | None:
    """Return a token, or None: what is wrong with identity is said of identity, not of every sister."""
    try:
        return await _token(client, settings)
    except (NotWell, NotReachable):
        return None


async def _try_policies(client: httpx.AsyncClient, settings: Settings, token: str) -> None:
    where = ("SALE_IDENTITY_URL", "SALE_IDENTITY_POLICIES_PATH")
    question = httpx.QueryParams({"role": _NOBODY, "action": Permission.ORDER_FIND.value})
    url = f"{settings.identity_url}{settings.identity_policies_path}?{question}"
    answer = await _asked(client, "GET", url, where, token=token)
    if answer.status_code in _NO_SUCH_DOOR and _is_json(answer):
        return  # no opinion of a role that nobody has
    _object(answer, where)


def _check_keys(answer: httpx.Response, algorithms: tuple[str, ...], where: Sequence[str]) -> None:
    published = _object(answer, where)
    if _has_key(published, algorithms):
        return
    others = [name for name in SIGNATURES if _has_key(published, (name,))]
    if others:
        raise NotWell(
            f"{answer.url} has no key for {', '.join(algorithms)}, but for {', '.join(others)}; let SALE_JWT_ALGORITHMS"
            " name what identity signs with"
        )
    raise NotWell(f"{answer.url} has no key that can be used; {_check(where)}")


def _has_key(published: Document, algorithms: tuple[str, ...]) -> bool:
    try:
        return bool(usable_keys(published, algorithms))
    except SisterUnavailable:
        return False


def _origin(token: str, settings: Settings) -> str | None:
    """Compare our own token with what users' tokens must say: one identity has one issuer, but an audience each."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return "our token is none that can be read, so SALE_JWT_ISSUER and SALE_JWT_AUDIENCE are not tried"
    issuer, audience = claims.get("iss"), claims.get("aud")
    if issuer != settings.jwt_issuer:
        raise NotWell(f"it issues tokens as {issuer!r}, and SALE_JWT_ISSUER is {settings.jwt_issuer!r}")
    if settings.jwt_audience not in (audience if isinstance(audience, list) else [audience]):
        return (
            f"our token is for {audience!r}, and SALE_JWT_AUDIENCE is {settings.jwt_audience!r}; check that"
            " users' tokens are for that"
        )
    return None


def _check_clock(answer: httpx.Response) -> None:
    try:
        apart = (datetime.now(UTC) - parsedate_to_datetime(answer.headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return  # it does not tell its time
    if abs(apart) > _LEEWAY_SECONDS:
        raise NotWell(
            f"our clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} identity's, so tokens are taken"
            " for expired or not yet valid; let both machines ask a time server (NTP)"
        )


def _object(answer: httpx.Response, where: Sequence[str]) -> Document:
    if answer.is_client_error:
        raise NotWell(f"{answer.url} answers {_why(answer)}; {_check(where)}")
    try:
        return usable("", _told(answer))
    except SisterUnavailable:
        raise NotWell(f"{answer.url} answers {answer.status_code} and no JSON object; {_check(where)}") from None


def _without_path(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.text.replace(answer.url.path, "")


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _why(answer: httpx.Response) -> str:
    return f"{answer.status_code}: {reason(_told(answer))}"


def _told(answer: httpx.Response) -> Answer:
    return Answer(status=answer.status_code, headers=dict(answer.headers), body=answer.content)


def _check(where: Sequence[str]) -> str:
    return f"check {' and '.join(where)}"
