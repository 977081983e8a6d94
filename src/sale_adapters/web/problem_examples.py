"""A problem of every code as the documentation shows it; members of its own come with the real ones."""

from collections.abc import Iterable

from sale_adapters.wire.problems import Problem, problem_of, status_of
from sale_adapters.wire.refusals import InvalidInput
from sale_domain.documents import Json
from sale_domain.errors import SaleError

_REQUEST_ID = "till-4.0001"


def problem_examples(kinds: Iterable[type[SaleError]]) -> dict[str, Json]:
    """Return an example object of OpenAPI for every kind of refusal, by its code."""
    by_code = {kind.code: kind for kind in kinds}
    return {code: {"value": _example(by_code[code]).body(_REQUEST_ID)} for code in sorted(by_code)}


def _example(kind: type[SaleError]) -> Problem:
    if kind is InvalidInput:
        return problem_of(InvalidInput.at("/items/0/quantity", "must be greater than 0"))
    meaning = (kind.__doc__ or "").strip().partition("\n")[0]
    return Problem(status=status_of(kind), code=kind.code, detail=meaning)
