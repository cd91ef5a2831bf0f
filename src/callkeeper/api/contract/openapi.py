"""The OpenAPI document, written from the declarations of the interfaces and from nothing else.

Three things OpenAPI has no place for stand beside it: ``x-page``, the vendor's page that an
interface follows; ``x-result-codes``, the codes that it answers with, in words; and ``x-varies``,
the members of an example's answer that are others each time.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from callkeeper import __version__
from callkeeper.api.contract.endpoint import BODY_MAX, IDEMPOTENCY_KEY_MAX
from callkeeper.api.contract.example import CAMPAIGN_ID, VDN
from callkeeper.api.contract.fields import Schema
from callkeeper.api.contract.interface import Interface
from callkeeper.core.vdn import VDN_MAX
from callkeeper.http.answer import CODES, DATABASE_FAILED, PARAMETER_WRONG, SUCCESS

_PARAMETER = re.compile(r"\{(\w+)\}")
_JSON = "application/json"
_IN_PATH = {"vdn": VDN, "campaign": str(CAMPAIGN_ID)}  # of the examples
_ENVELOPE = ("returnCode", "resultCode", "resultDesc", "returnDesc")

_SAYS = (
    "Reserved outbound calls and their campaigns, wire-compatible with CC-iSales. What an "
    "interface refuses is HTTP 200 with a resultCode other than 0200000; resultDesc names the "
    "field, the rule and the trouble. Times of reservations are UTC milliseconds, those of "
    "campaigns are texts in UTC. A digit string is taken where a number is due and a whole number "
    "where a String is due; unknown fields are ignored."
)
_SIGNATURE = (
    "auth-v2/{AK}/{timestamp}/{signedHeaders}/{signature}: the C2 signature of cec_07_0003. "
    "`callkeeper sign --explain` shows what is signed, line by line."
)

# The contract's names of the path's parameters; a route has ours.
_PATH: Mapping[str, tuple[str, Schema]] = {
    "vdn": (
        "vdnId",
        {
            "type": "integer",
            "minimum": 1,
            "maximum": VDN_MAX,
            "description": "VCC (virtual call centre) id",
        },
    ),
    "campaign": ("campaignId", {"type": "string", "description": "campaign id"}),
}

# Codes of the vendor's validation table that no refusal of ours becomes, in its words.
_ONLY_DOCUMENTED = {
    "02000004": "A parameter is shorter than allowed.",
    "02000005": "A parameter's length is out of its range.",
    "02000008": "A parameter could not be converted.",
    "02000010": "Hour and minute must be given together.",
}

_AT_THE_DOOR = {
    401: "The signature, the key or the clock is wrong, or the key belongs to another VDN",
    404: "There is no interface at this path",
    405: "The interface at this path takes another method, see Allow",
    413: f"The body is larger than {BODY_MAX >> 20} MiB",
    429: "The access key has sent more requests than it may; the same may be sent again later",
    500: "The server made a mistake; its log has the reason",
}


def document(interfaces: Sequence[Interface]) -> Schema:
    """Return the OpenAPI 3.0.3 document of the interfaces."""
    paths: dict[str, dict[str, Schema]] = {}
    for each in interfaces:
        path = _PARAMETER.sub(lambda found: f"{{{_path_parameter(found[1])[0]}}}", each.path)
        paths.setdefault(path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Callkeeper", "version": __version__, "description": _SAYS},
        "servers": [{"url": "/"}],
        "security": [{"C2": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "C2": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": _SIGNATURE,
                }
            },
            "responses": {str(status): _door(status) for status in _AT_THE_DOOR},
        },
    }


def meanings(codes: frozenset[str]) -> dict[str, str]:
    """Return what each result code means, in the words of the refusal that becomes it."""
    words = {
        code: f"{says} Documented, but not answered by this server."
        for code, says in _ONLY_DOCUMENTED.items()
    }
    words[SUCCESS] = "Success."
    for kind, (status, code) in CODES.items():
        if status == 200:  # noqa: PLR2004 - at the door, the status is what says it
            words[code] = " ".join((kind.__doc__ or "").split())
    words[PARAMETER_WRONG] = "A parameter is wrong; resultDesc says which and why."
    return {code: words[code] for code in sorted(codes)}


def _operation(interface: Interface) -> Schema:
    return {
        "operationId": interface.name,
        "summary": interface.says,
        "description": f"Follows page {interface.page} of the vendor's documentation.",
        "x-page": interface.page,
        "x-result-codes": meanings(interface.codes),
        "parameters": [
            *_in_path(interface),
            *(_in_query(interface) if interface.in_query else ()),
            _LOCALE,
            *((_IDEMPOTENCY_KEY,) if interface.takes_idempotency_key else ()),
        ],
        **_body(interface),
        "responses": {
            "200": _answer(interface),
            **{str(each): {"$ref": f"#/components/responses/{each}"} for each in _AT_THE_DOOR},
        },
    }


_LOCALE: Schema = {
    "name": "locale",
    "in": "header",
    "required": False,
    "description": "language of resultDesc and returnDesc: zh_CN is Chinese, any other English",
    "schema": {"type": "string", "example": "zh_CN"},
}
_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key and body within 24 hours are one request, and get one answer",
    "schema": {"type": "string", "maxLength": IDEMPOTENCY_KEY_MAX, "pattern": "^[ -~]*$"},
}
_REPLAYED: Schema = {
    "Idempotency-Replayed": {
        "description": "true when the same request had been carried out before",
        "schema": {"type": "string", "enum": ["true"]},
    }
}

_RETRY_AFTER: Schema = {
    "Retry-After": {
        "description": "after so many seconds there is room for a request",
        "schema": {"type": "integer", "minimum": 1},
    }
}


def _path_parameter(ours: str) -> tuple[str, Schema]:
    return _PATH.get(ours, (ours, {"type": "string"}))


def _in_path(interface: Interface) -> list[Schema]:
    found = []
    for ours in _PARAMETER.findall(interface.path):
        name, schema = _path_parameter(ours)
        found.append(_parameter(name, "path", schema, required=True, example=_IN_PATH.get(ours)))
    return found


def _in_query(interface: Interface) -> list[Schema]:
    form = interface.form.schema()
    mandatory = form.get("required", [])
    return [
        _parameter(
            name,
            "query",
            schema,
            required=name in mandatory,
            example=interface.example.request.get(name),
        )
        for name, schema in form["properties"].items()
    ]


def _parameter(
    name: str, place: str, schema: Schema, *, required: bool, example: object = None
) -> Schema:
    inner = {key: value for key, value in schema.items() if key != "description"}
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": schema.get("description", ""),
        "schema": inner,
        **({} if example is None else {"example": example}),
    }


def _body(interface: Interface) -> Schema:
    if interface.in_query or not interface.form.fields:
        return {}
    form = interface.form.schema()
    content = {_JSON: {"schema": form, "example": interface.example.request}}
    return {"requestBody": {"required": bool(form.get("required")), "content": content}}


def _answer(interface: Interface) -> Schema:
    return {
        "description": "Carried out, or refused: resultCode says which",
        **({"headers": _REPLAYED} if interface.takes_idempotency_key else {}),
        "content": {
            _JSON: {
                "schema": _envelope(sorted(interface.codes), interface.answers),
                "example": interface.example.answer,
                **({"x-varies": list(varies)} if (varies := interface.example.varies) else {}),
            }
        },
    }


def _door(status: int) -> Schema:
    code = DATABASE_FAILED if status in (429, 500) else PARAMETER_WRONG
    return {
        "description": _AT_THE_DOOR[status],
        **({"headers": _RETRY_AFTER} if status == 429 else {}),  # noqa: PLR2004 - HTTP's number
        "content": {_JSON: {"schema": _envelope([code], {})}},
    }


def _envelope(codes: list[str], more: Mapping[str, Any]) -> Schema:
    """Return the answer's object: the four fields that all have, and what one has besides."""
    code = {"type": "string", "enum": codes}
    text = {"type": "string"}
    return {
        "type": "object",
        "required": list(_ENVELOPE),
        "properties": {
            "returnCode": {**code, "description": "0200000, or why not"},
            "resultCode": {**code, "description": "the same"},
            "resultDesc": {**text, "description": "what was wrong and what to do about it"},
            "returnDesc": {**text, "description": "the same"},
            **more,
        },
    }
