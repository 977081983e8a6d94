"""Answers as rows, and rows as answers: what a request that came with an Idempotency-Key was told."""

import hashlib
from collections.abc import Sequence

from sale_adapters.postgres.rows import Values
from sale_adapters.postgres.trips import Row
from sale_adapters.wire import json
from sale_adapters.wire.forms import from_json
from sale_domain.ids import merchant_bucket
from sale_domain.ports.answers import AnswerKey, StoredAnswer


def key_values(key: AnswerKey) -> Values:
    """Return where an answer is kept."""
    parts = (key.merchant_id, key.user_id, key.method, key.path, key.key)
    return {"bucket": merchant_bucket(key.merchant_id), "digest": _digest(parts)}


def claim_values(key: AnswerKey, *, fingerprint: bytes, answer: StoredAnswer | None = None) -> Values:
    """Return the row of a request that must have its effect once, with its answer when that is known."""
    unanswered: Values = {"status": None, "headers": None, "body": None}
    return {
        **key_values(key),
        "merchant_id": key.merchant_id,
        "user_id": key.user_id,
        "method": key.method,
        "path": key.path,
        "key": key.key,
        "fingerprint": fingerprint,
        **(answer_values(answer) if answer else unanswered),
    }


def answer_values(answer: StoredAnswer) -> Values:
    """Return an answer's columns."""
    return {"status": answer.status, "headers": json.write(answer.headers).decode(), "body": answer.body}


def answer_of(row: Row) -> StoredAnswer:
    """Return the answer that a row keeps."""
    headers = from_json(json.read(row["headers"].encode()), tuple[tuple[str, str], ...])
    return StoredAnswer(status=row["status"], headers=headers, body=row["body"])


def _digest(parts: Sequence[str]) -> bytes:
    """Return what stands for texts that are too long for an index; as JSON, so that no two lists look alike."""
    return hashlib.blake2b(json.write(list(parts)), digest_size=32).digest()
