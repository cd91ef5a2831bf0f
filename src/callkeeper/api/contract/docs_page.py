"""The OpenAPI document and a page that shows it, which needs neither script nor internet."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import urlencode

import msgspec

from callkeeper.api.contract.fields import Schema
from callkeeper.api.contract.interface import Interface
from callkeeper.api.contract.openapi import document
from callkeeper.api.contract.pages import Page, fixed
from callkeeper.core.instants import day_in_utc
from callkeeper.http.tarpit import Tarpit

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1b1b1b; background: #fff }
h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem }
code { font: 14px/1.5 ui-monospace, monospace; overflow-wrap: break-word }
pre { font: 14px/1.5 ui-monospace, monospace; background: #f2f2f2; padding: .5rem;
  overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }
th, td { border: 1px solid #ccc; padding: .3rem .5rem; text-align: left; vertical-align: top }
th { background: #f2f2f2 }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #161616 } th, pre { background: #262626 } a { color: #8ab4f8 }
}
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_TYPES = {
    "string": "String",
    "integer": "Integer",
    "number": "Number",
    "boolean": "Boolean",
    "array": "Array",
    "object": "Object",
}
_FIELDS = ("name", "type", "mandatory", "limits", "meaning")
_INT64 = (-(2**63), 2**63 - 1)
_MANY = 20  # an enumeration longer than this is better read in the document


def routes(interfaces: Sequence[Interface], tarpit: Tarpit) -> list[Page]:
    """Return the routes; each answer is made once, when it is first asked for."""

    def as_json() -> bytes:
        return msgspec.json.format(msgspec.json.encode(document(interfaces)), indent=1)

    def as_page() -> bytes:
        return page(document(interfaces)).encode()

    return [
        Page("/openapi.json", fixed(as_json, "application/json"), tarpit),
        Page("/docs", fixed(as_page, "text/html", _HEADERS), tarpit),
    ]


def page(written: Schema) -> str:
    """Return the document as HTML."""
    info = written["info"]
    operations = [
        (method, path, operation)
        for path, methods in written["paths"].items()
        for method, operation in methods.items()
    ]
    title = f"{escape(info['title'])} {escape(info['version'])}"
    components = written["components"]
    doors = {status: door["description"] for status, door in components["responses"].items()}
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
            f"<h1>{title}</h1>",
            f"<p>{escape(info['description'])}</p>",
            '<p>For machines: <a href="/openapi.json">openapi.json</a></p>',
            *_contents(operations),
            *(part for each in operations for part in _section(*each)),
            '<h2 id="signature">Signature</h2>',
            *(
                f"<p>Header <code>{escape(scheme['name'])}</code>: "
                f"{escape(scheme['description'])}</p>"
                for scheme in components["securitySchemes"].values()
            ),
            '<h2 id="statuses">HTTP statuses other than 200</h2>',
            *_table(("status", "meaning"), doors.items()),
            "</body>\n</html>\n",
        )
    )


def _contents(operations: Iterable[tuple[str, str, Schema]]) -> Iterator[str]:
    yield "<ul>"
    for _, _, operation in operations:
        name = escape(operation["operationId"])
        yield f'<li><a href="#{name}">{name}</a>: {escape(operation["summary"])}</li>'
    yield '<li><a href="#signature">Signature</a></li>'
    yield '<li><a href="#statuses">HTTP statuses</a></li>'
    yield "</ul>"


def _section(method: str, path: str, operation: Schema) -> Iterator[str]:
    name = escape(operation["operationId"])
    yield f'<h2 id="{name}">{name}</h2>'
    yield f"<p><code>{escape(method.upper())} {escape(path)}</code></p>"
    yield f"<p>{escape(operation['summary'])}. Source: page {escape(operation['x-page'])}.</p>"
    for place in ("path", "query", "header"):
        given = [each for each in operation["parameters"] if each["in"] == place]
        yield from _titled(f"In the {place}", _FIELDS, map(_of_parameter, given))
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        yield from _titled("In the body", _FIELDS, _rows(body))
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    answered = ((name, type_, limits, says) for name, type_, _, limits, says in _rows(answer))
    yield from _titled("In the answer", ("name", "type", "limits", "meaning"), answered)
    yield from _example(method, path, operation)
    yield from _titled("Result codes", ("code", "meaning"), operation["x-result-codes"].items())


def _example(method: str, path: str, operation: Schema) -> Iterator[str]:
    """Yield a request as it can be sent, but for its signature, and what answers it."""
    given = {
        place: {
            each["name"]: str(each["example"])
            for each in operation["parameters"]
            if each["in"] == place and "example" in each
        }
        for place in ("path", "query")
    }
    query = f"?{urlencode(given['query'])}" if given["query"] else ""
    sent = f"{method.upper()} {path.format_map(given['path'])}{query}"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if body.get("example"):
        sent += f"\n\n{_pretty(body['example'])}"
    answer = operation["responses"]["200"]["content"]["application/json"]
    varies = answer.get("x-varies", ())
    yield "<h3>Example</h3>"
    yield f"<pre>{escape(sent)}</pre>"
    yield f"<p>Answered by{_others(varies)}</p>"
    yield f"<pre>{escape(_pretty(answer['example']))}</pre>"


def _others(varies: Sequence[str]) -> str:
    if not varies:
        return ":"
    named = " and ".join(f"<code>{escape(each)}</code>" for each in varies)
    return f", with a value of its own for {named}:"


def _pretty(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _of_parameter(given: Schema) -> tuple[str, ...]:
    mandatory = "yes" if given["required"] else "no"
    says = given["description"]
    return (given["name"], _type(given["schema"]), mandatory, _limits(given["schema"]), says)


def _rows(schema: Schema, prefix: str = "") -> Iterator[tuple[str, ...]]:
    """Yield a row for each property, however deep: ``a``, ``a.b``, ``a[].b``."""
    mandatory = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        full = prefix + name
        must = "yes" if name in mandatory else "no"
        yield (full, _type(inner), must, _limits(inner), inner.get("description", ""))
        yield from _rows(inner, f"{full}.")
        yield from _rows(inner.get("items", {}), f"{full}[].")


def _type(schema: Schema) -> str:
    type_ = schema.get("x-type") or _TYPES.get(schema.get("type", ""), "any")
    if type_ == "Array":
        return f"Array of {_type(schema.get('items', {}))}s"
    return f"{type_} or null" if schema.get("nullable") else str(type_)


def _limits(schema: Schema) -> str:
    """Return what a value must keep to, in words."""
    said: list[str] = []
    if "enum" in schema:
        listed = [str(each) for each in schema["enum"]]
        said.append(", ".join(listed[:_MANY]) + (", …" if len(listed) > _MANY else ""))
    if range_ := _range(schema):
        said.append(range_)
    if "maxLength" in schema:
        said.append(f"at most {schema['maxLength']} characters")
    if "x-characters" in schema:
        said.append(schema["x-characters"])
    if "maxItems" in schema:
        said.append(f"at most {schema['maxItems']}")
    items = schema.get("items", {})
    if items and "properties" not in items and (each := _limits(items)):
        said.append(f"each {each}")
    return "; ".join(said)


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum", _INT64[0]), schema.get("maximum", _INT64[1])
    if (least, most) == _INT64:
        return ""
    if schema.get("x-type") == "TimeStamp":
        return f"{day_in_utc(least)} to {day_in_utc(most)}, UTC"
    unit = f" {schema['x-unit']}" if "x-unit" in schema else ""
    if least == _INT64[0]:
        return f"at most {_grouped(most)}{unit}"
    if most == _INT64[1]:
        return f"{_grouped(least)}{unit} or more"
    return f"{_grouped(least)} to {_grouped(most)}{unit}"


def _grouped(number: int) -> str:
    """Return a number as people read it; up to 9999 as it is."""
    return str(number) if abs(number) < 10_000 else f"{number:,}"  # noqa: PLR2004


def _breakable(name: str) -> str:
    """Return a name as HTML that may be broken after its dots, and nowhere else."""
    return escape(name).replace(".", ".<wbr>")


def _titled(title: str, head: Sequence[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield f"<h3>{escape(title)}</h3>"
        yield from _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    yield "<table>"
    yield "<tr>" + "".join(f"<th>{escape(each)}</th>" for each in head) + "</tr>"
    for first, *others in rows:
        cells = "".join(f"<td>{escape(str(each))}</td>" for each in others)
        yield f"<tr><td><code>{_breakable(str(first))}</code></td>{cells}</tr>"
    yield "</table>"
