"""Webhooks signed as Standard Webhooks says: HMAC-SHA256 over id, time and body (standardwebhooks.com).

The project's own library tells the reasons apart by their wording alone, raises what it does not mean to on a header
or a body that is garbage, and has a clock of its own; what is left of it is what stands here.
"""

import base64
import hmac
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sale_adapters.wire.refusals import SignatureMissing, SignatureStale, SignatureWrong

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE = timedelta(minutes=5)

_PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def secret_of(text: str) -> bytes:
    """Return the key that a secret stands for.

    >>> len(secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    24

    Raises:
        ValueError: it is no secret; the message does not show it.
    """
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(_PREFIX) or len(key) not in _SECRET_BYTES:
        shortest, longest = _SECRET_BYTES[0], _SECRET_BYTES[-1]
        raise ValueError(f"must be {_PREFIX} and base64 of {shortest} to {longest} bytes, several with commas")
    return key


def signed(body: bytes, *, webhook_id: str, at: datetime, secrets: Collection[bytes]) -> Mapping[str, str]:
    """Return the headers of a webhook, with a signature by each of the secrets."""
    timestamp = str(int(at.timestamp()))
    signatures = " ".join(_signature(secret, webhook_id, timestamp, body) for secret in secrets)
    return {ID: webhook_id, TIMESTAMP: timestamp, SIGNATURE: signatures}


def check_time(headers: Mapping[str, str], *, now: datetime) -> None:
    """Look at what can be told before the body is there.

    Raises:
        SignatureMissing: one of the three headers is not there.
        SignatureWrong: the time is none.
        SignatureStale: it is too far from now, either way.
    """
    if not all(headers.get(name) for name in (ID, TIMESTAMP, SIGNATURE)):
        raise SignatureMissing
    if not _SECONDS.fullmatch(headers[TIMESTAMP]):
        raise SignatureWrong
    if abs(int(headers[TIMESTAMP]) - now.timestamp()) > TOLERANCE.total_seconds():
        raise SignatureStale


def check_signature(headers: Mapping[str, str], body: bytes, *, secrets: Collection[bytes]) -> None:
    """Look for a signature by one of the secrets, in constant time for each; `check_time` comes first.

    Raises:
        SignatureWrong: there is none.
    """
    given = [each.encode("latin-1") for each in headers[SIGNATURE].split(" ")]
    for secret in secrets:
        right = _signature(secret, headers[ID], headers[TIMESTAMP], body).encode()
        if any(hmac.compare_digest(each, right) for each in given):
            return
    raise SignatureWrong


def _signature(secret: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    content = f"{webhook_id}.{timestamp}.".encode("latin-1") + body
    return "v1," + base64.b64encode(hmac.digest(secret, content, "sha256")).decode()
