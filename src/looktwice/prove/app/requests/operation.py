"""Operations that the application describes in OpenAPI 2 or 3."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from looktwice.prove.network.request import Request, Response

Send = Callable[[Request], Response]

PLACES = (
    "/openapi.json", "/api/openapi.json", "/api/v1/openapi.json", "/v1/openapi.json", "/docs-json", "/api-json",
    "/api/docs-json", "/swagger.json", "/api/swagger.json", "/swagger/json", "/docs/json", "/api-docs",
    "/api-docs.json",
)  # fmt: skip
_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json")
_FORM = "application/x-www-form-urlencoded"
_DEEPEST = 12


class Operation(Struct, frozen=True, kw_only=True):
    """`path` keeps its parameters in braces. `body` is a JSON schema with its references followed, None without one."""

    method: str
    path: str
    parameters: tuple[dict[str, Any], ...] = ()  # name, in, required, schema
    body: dict[str, Any] | None = None
    is_form: bool = False
    needs_login: bool = False
    name: str = ""

    @property
    def endpoint(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def path_parameters(self) -> tuple[str, ...]:
        return tuple(re.findall(r"\{(\w+)[^}]*\}", self.path))

    @property
    def envelope(self) -> str:
        """The one field that holds all others ({"user": {…}}), "" when there is none."""
        properties = _mapping((self.body or {}).get("properties"))
        only = next(iter(properties), "") if len(properties) == 1 else ""
        return only if _mapping(_mapping(properties.get(only)).get("properties")) else ""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the body by name, those in the envelope when there is one."""
        properties = dict(_mapping((self.body or {}).get("properties")))
        return dict(properties[self.envelope]["properties"]) if self.envelope else properties


def described(send: Send) -> list[Operation]:
    """Operations of the description that the application serves at a usual place; none when it serves none."""
    for place in PLACES:
        response = send(Request(method="GET", path=place))
        if response.status == 200 and isinstance(document := response.content, dict) and "paths" in document:
            return operations(document)
    return []


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI document, in its order. What is not as the standard has it is passed over."""
    base = str(document.get("basePath") or "").rstrip("/") + _server_path(document)
    result = []
    for path, item in _mapping(document.get("paths")).items():
        for method in _METHODS:
            if described := _mapping(_mapping(item).get(method)):
                result.append(_operation(document, method, base + path, _mapping(item), described))
    return result


def _operation(document: Any, method: str, path: str, item: dict[str, Any], described: dict[str, Any]) -> Operation:
    both = [*_sequence(item.get("parameters")), *_sequence(described.get("parameters"))]
    given = [_mapping(_followed(document, parameter)) for parameter in both]
    body, is_form = _body(document, described, given)
    wanted = [p for p in given if p.get("in") in ("path", "query", "header") and isinstance(p.get("name"), str)]
    security = _sequence(described.get("security", document.get("security")))
    return Operation(
        method=method.upper(),
        path=path,
        parameters=tuple({**parameter, "schema": parameter.get("schema", parameter)} for parameter in wanted),
        body=body,
        is_form=is_form,
        needs_login=bool(security) and {} not in security,
        name=str(described.get("operationId", "")),
    )


def _body(document: Any, described: dict[str, Any], given: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, bool]:
    content = _mapping(_mapping(_followed(document, described.get("requestBody"))).get("content"))
    for kind, media in content.items():
        if _JSON.match(kind) or kind == _FORM:
            return _mapping(_followed(document, _mapping(media).get("schema"))), kind == _FORM
    for parameter in given:  # OpenAPI 2
        if parameter.get("in") == "body":
            return _mapping(parameter.get("schema")), False
    return None, False


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _followed(document: Any, value: Any, depth: int = 0) -> Any:
    """The value with every `$ref` replaced by what it names; a cycle ends in an empty schema."""
    if depth > _DEEPEST:
        return {}
    if isinstance(value, list):
        return [_followed(document, item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target: Any = document
        for part in reference[2:].split("/"):
            target = target.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
        return _followed(document, target, depth + 1)
    return {name: _followed(document, item, depth + 1) for name, item in value.items()}


def _server_path(document: dict[str, Any]) -> str:
    """The path of the first server ("/api/v1"), whatever host it names."""
    servers = _sequence(document.get("servers")) or [{}]
    return re.sub(r"^https?://[^/]*", "", str(_mapping(servers[0]).get("url") or "")).rstrip("/")
