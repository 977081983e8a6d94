"""The OpenAPI document as one HTML page that needs no script and nothing from another host."""

from collections.abc import Mapping
from html import escape
from typing import Any

import msgspec

from sale_adapters.wire import json
from sale_domain.documents import Json

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f4f4f2;padding:.8rem;overflow:auto}"
    "article{border-top:1px solid #ccc;padding:.5rem 0}dt{font-weight:600}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#242424}a{color:#8bf}}"
)


def document_page(document: Mapping[str, Any]) -> str:
    """Render the page: every operation, every problem by its code, every schema."""
    info = document["info"]
    operations = "".join(
        _operation(method, path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    )
    problems = "".join(_problem(problem) for problem in document["x-problems"])
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    title = escape(info["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{title} {escape(info['version'])}</h1><p>{escape(info['description'])} "
        '<a href="doc/openapi.json">OpenAPI</a></p>'
        f'<h2>Operations</h2>{operations}<h2>Problems</h2>{problems}<h2 id="schemas">Schemas</h2>{schemas}</html>'
    )


def _operation(method: str, path: str, described: Mapping[str, Any]) -> str:
    permission = described.get("x-permission", "none (public)")
    parameters = ", ".join(f"{each['name']} ({each['in']})" for each in described["parameters"])
    answers = "".join(_answer(status, answer) for status, answer in described["responses"].items())
    return (
        f'<article id="{escape(described["operationId"])}"><h3><code>{method.upper()} {escape(path)}</code></h3>'
        f"<p>{escape(described['summary'])}</p><dl><dt>Permission</dt><dd><code>{escape(permission)}</code></dd>"
        f"<dt>Parameters</dt><dd>{escape(parameters)}</dd>{_body(described)}<dt>Answers</dt>{answers}</dl></article>"
    )


def _body(described: Mapping[str, Any]) -> str:
    if "requestBody" not in described:
        return ""
    content = described["requestBody"]["content"]["application/json"]
    examples = "".join(_json(example["value"]) for example in content["examples"].values())
    return f"<dt>Body</dt><dd>{_references(content['schema'])}{examples}</dd>"


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    if codes := answer.get("x-codes"):
        links = ", ".join(f'<a href="#{escape(code)}">{escape(code)}</a>' for code in codes)
        return f"<dd>{status} {links}</dd>"
    content = answer.get("content", {}).get("application/json", {})
    example = _json(content["example"]) if "example" in content else ""
    return f"<dd>{status} {_references(content.get('schema', {}))} {escape(answer['description'])}{example}</dd>"


def _references(schema: Mapping[str, Any]) -> str:
    names = [each["$ref"].rpartition("/")[2] for each in schema.get("oneOf", [schema]) if "$ref" in each]
    return " or ".join(f'<a href="#schema-{escape(name)}">{escape(name)}</a>' for name in names)


def _problem(problem: Mapping[str, Any]) -> str:
    return (
        f'<article id="{escape(problem["code"])}"><h3>{problem["status"]} <code>{escape(problem["code"])}</code></h3>'
        f"<p>{escape(problem['description'])}</p></article>"
    )


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    return f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>{_json(schema)}</article>'


def _json(value: Json) -> str:
    return f"<pre>{escape(msgspec.json.format(json.write(value), indent=2).decode())}</pre>"
