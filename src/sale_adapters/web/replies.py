"""Answers as bytes: they can be kept, repeated and sent."""

from starlette.responses import Response

from sale_adapters.wire import json
from sale_adapters.wire.answers import answer_json
from sale_adapters.wire.orders import order_body
from sale_adapters.wire.problems import MEDIA_TYPE, Problem, problem_json
from sale_adapters.wire.tracing import REQUEST_ID
from sale_domain.ports.answers import StoredAnswer
from sale_domain.views import OrderView

Headers = tuple[tuple[str, str], ...]


def reply(answer: object, *, status: int = 200, headers: Headers = ()) -> StoredAnswer:
    """Write an answer's JSON."""
    return StoredAnswer(
        status=status,
        headers=(("content-type", "application/json"), *headers),
        body=json.write(answer_json(answer)),
    )


def order_reply(view: OrderView, *, status: int = 200, headers: Headers = ()) -> StoredAnswer:
    """Show one order, with its version as ETag, and on reads the feed number that it is true for."""
    seen = () if view.feed_seq is None else feed_seq(view.feed_seq)
    etag = ("etag", f'"{view.order.version}"')
    return reply(order_body(view), status=status, headers=(etag, *seen, *headers))


def feed_seq(seq: int) -> Headers:
    """Return the header that lets a client join what it reads to the stream without a hole."""
    return (("x-feed-seq", str(seq)),)


def refusal(problem: Problem) -> StoredAnswer:
    """Write a problem."""
    return StoredAnswer(
        status=problem.status,
        headers=(("content-type", MEDIA_TYPE), *problem.headers),
        body=problem_json(problem, request_id=REQUEST_ID.get()),
    )


def response(answer: StoredAnswer) -> Response:
    """Return an answer as Starlette sends it."""
    return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
