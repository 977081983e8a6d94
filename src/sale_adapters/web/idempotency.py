"""Idempotency-Key: an equal request has its effect once and gets the first one's answer (contract §9)."""

import hashlib
import re
from collections.abc import Awaitable, Callable

import attrs
from starlette.requests import Request

from sale_adapters.web.access import Caller
from sale_adapters.web.replies import refusal
from sale_adapters.wire.problems import problem_of
from sale_adapters.wire.refusals import InvalidInput
from sale_domain.errors import SaleError
from sale_domain.port_errors import KeyInUse, KeyReused
from sale_domain.ports.answers import AlreadyAnswered, AnswerKey, StoredAnswer
from sale_domain.sale import Sale

REPLAYED = ("idempotency-replayed", "true")

_VISIBLE = re.compile(r"[!-~]{1,255}")
_SERVER_ERROR = 500


def answer_key(request: Request, caller: Caller) -> AnswerKey | None:
    """Return what makes two requests the same one; None when the caller does not ask for it.

    Raises:
        InvalidInput: the key is none.
    """
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not _VISIBLE.fullmatch(keys[0]):
        raise InvalidInput.at("/headers/idempotency-key", "must be one key of 1 to 255 visible characters")
    return AnswerKey(
        merchant_id=caller.merchant_id,
        user_id=caller.user_id,
        method=request.method,
        path=request.url.path,
        key=keys[0],
    )


def fingerprint_of(body: bytes) -> bytes:
    """Return what tells two bodies apart; none says what an empty object says (contract §9)."""
    return hashlib.sha256(body or b"{}").digest()


async def answered_once(
    sale: Sale, key: AnswerKey, *, fingerprint: bytes, work: Callable[[], Awaitable[StoredAnswer]]
) -> StoredAnswer:
    """Return what an equal request was told, or do the work; refusals are kept too, but not those of 500 and above.

    Raises:
        SaleError: a refusal that is not kept.
    """
    kept = await sale.kept_answer(key, fingerprint=fingerprint)
    if kept is not None:
        return _replayed(kept)
    try:
        return await work()
    except AlreadyAnswered as earlier:
        return _replayed(earlier.answer)
    except (KeyInUse, KeyReused):
        # These tell of the key itself: there is an answer already, or there will be.
        raise
    except SaleError as error:
        refused = refusal(problem_of(error))
        if refused.status >= _SERVER_ERROR:
            raise
        first = await sale.keep_answer(key, fingerprint=fingerprint, answer=refused)
        return refused if first == refused else _replayed(first)


def _replayed(answer: StoredAnswer) -> StoredAnswer:
    return attrs.evolve(answer, headers=(*answer.headers, REPLAYED))
