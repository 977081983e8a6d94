"""Operations: what can be asked of a path, by whom, and how a request to it is worked through."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

import attrs
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sale_adapters.web.access import Caller, Public, admit
from sale_adapters.web.calls import Call, Services, pass_over_body, read_body
from sale_adapters.web.idempotency import REPLAYED, answer_key, answered_once, fingerprint_of
from sale_adapters.web.metrics import OPERATION, note
from sale_adapters.web.metrics import REPLAYED as REPLAYED_CODE
from sale_adapters.web.path_names import PATH_NAMES, named_in
from sale_adapters.web.replies import refusal, response
from sale_adapters.wire.places import BASE
from sale_adapters.wire.problems import problem_of
from sale_adapters.wire.refusals import MethodNotAllowed
from sale_adapters.wire.tracing import SUBJECT, step
from sale_domain.documents import JsonObject
from sale_domain.errors import NotFound, SaleError
from sale_domain.ids import bucket_of
from sale_domain.permissions import Permission
from sale_domain.ports.answers import StoredAnswer

_BODILESS = frozenset({"GET", "DELETE"})

_BUSY = frozenset({"/webhooks/payment", "/sale-orders/{orderId}/items", "/sale-orders", "/sale-orders/{orderId}"})
"""What tills and mq-pay ask for most."""


@attrs.frozen(kw_only=True)
class Operation:
    """A method of a path: who may ask, what is sent, what comes back.

    Attributes:
        path: Below the base; what it names in braces is in `PATH_NAMES`.
        access: The permission, or PUBLIC said aloud; there is no default.
        body: The class of the body, if there is one; public paths may be sent more than it names.
        query: The class of the query parameters.
        answers: Status and class of the good answers, or the media type of one that the summary describes.
        changes: The thing that If-Match names the version of; None for reads.
        refuses: What else can go wrong, beyond what can on any path.
        examples: Bodies to try.
    """

    method: str = attrs.field(validator=attrs.validators.in_(("GET", "POST", "PUT", "PATCH", "DELETE")))
    path: str = attrs.field(validator=lambda _operation, _field, path: named_in(path))
    access: Permission | Public = attrs.field(validator=attrs.validators.instance_of((Permission, Public)))
    summary: str
    handler: Callable[[Call], Awaitable[StoredAnswer]]
    body: object = None
    query: type | None = None
    answers: Mapping[int, type | str]
    changes: str | None = None
    refuses: tuple[type[SaleError], ...] = ()
    examples: tuple[JsonObject, ...] = ()

    @property
    def name(self) -> str:
        """Return the operation's id: `orders.create`."""
        return f"{self.handler.__module__.rpartition('.')[2]}.{self.handler.__name__}"

    @property
    def is_command(self) -> bool:
        """Tell whether it is a caller's command: neither a read nor a public path."""
        return self.method != "GET" and not isinstance(self.access, Public)


class Endpoint:
    """One path with all its methods, as an ASGI application."""

    def __init__(self, operations: Iterable[Operation], services: Services) -> None:
        """Gather the operations of one path."""
        self._operations = {operation.method: operation for operation in operations}
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal becomes a problem here."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request)
        except SaleError as error:
            note(scope, error)
            answer = refusal(problem_of(error))
        await response(answer)(scope, receive, send)

    async def _answer(self, request: Request) -> StoredAnswer:
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operations.get(method)
        if operation is None:
            raise MethodNotAllowed(allowed=tuple(sorted({*self._operations, *_also(self._operations)})))
        request.scope[OPERATION] = operation
        if method in _BODILESS:
            await pass_over_body(request)
        call = Call(request=request, services=self._services)
        if isinstance(operation.access, Public):
            return await _handled(operation, call)
        return await _answer_caller(call, operation, operation.access)


def routes(operations: Iterable[Operation], services: Services) -> list[Route]:
    """Return a route for every path."""
    by_path: dict[str, list[Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, []).append(operation)
    # A router tries one after the other. No request fits two of the paths, so that their order matters for time alone.
    in_order = sorted(by_path, key=lambda path: path not in _BUSY)
    return [Route(BASE + path, Endpoint(by_path[path], services)) for path in in_order]


async def _answer_caller(call: Call, operation: Operation, permission: Permission) -> StoredAnswer:
    """Check in the contract's order: token, rate, merchant, permission, ids, key, body, then what it asks."""
    request, sale = call.request, call.sale
    with step("admit"):
        caller = await admit(request, sale, permission, call.services.rates)
    _is_about(caller)
    _check_ids(request)
    if operation.method in _BODILESS:
        return await _handled(operation, attrs.evolve(call, caller=caller))
    key = answer_key(request, caller) if operation.method == "POST" else None
    call = attrs.evolve(call, caller=caller, body=await read_body(request))
    if key is None:
        return await _handled(operation, call)
    fingerprint = fingerprint_of(call.body)
    work = partial(_noted, operation, attrs.evolve(call, key=(key, fingerprint)))
    answer = await answered_once(sale, key, fingerprint=fingerprint, work=work)
    if REPLAYED in answer.headers:
        note(request.scope, REPLAYED_CODE)
    return answer


async def _noted(operation: Operation, call: Call) -> StoredAnswer:
    """Run the handler; a refusal that is kept for repetitions goes no further as an error, but is one."""
    try:
        return await _handled(operation, call)
    except SaleError as error:
        note(call.request.scope, error)
        raise


async def _handled(operation: Operation, call: Call) -> StoredAnswer:
    with step(operation.name):
        return await operation.handler(call)


def _is_about(caller: Caller) -> None:
    if subject := SUBJECT.get():
        subject.user_id, subject.merchant_id = caller.user_id, caller.merchant_id


def _check_ids(request: Request) -> None:
    subject = SUBJECT.get()
    for name, value in request.path_params.items():
        named = PATH_NAMES[name]
        try:
            bucket_of(value)
        except ValueError:
            raise NotFound(thing=named.thing) from None
        if subject:
            subject.ids[named.logged] = value


def _also(methods: Iterable[str]) -> set[str]:
    return {"HEAD"} if "GET" in methods else set()
