"""One plausible value for a JSON schema: what the schema says, then what the field's name suggests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

# What a look-up of identifiers gives for a field's name; None when there is no row to name.
Known = Callable[[str], Any]

_LONGEST = 1_000_000  # letters of a text: a description may ask for more than there is memory
_BY_FORMAT: Mapping[str, Any] = {
    "date-time": "2031-05-04T10:00:00Z",
    "date": "2031-05-04",
    "time": "10:00:00",
    "uri": "https://example.com/page",
    "url": "https://example.com/page",
    "ipv4": "192.0.2.1",
    "password": "Long-enough-password-1",
    "binary": "bytes",
}
# The first row whose pattern is in the field's name decides.
_BY_NAME: tuple[tuple[str, str], ...] = (
    (r"e_?mail", "{name}@example.com"),
    (r"pass(?:word|phrase|wd)?$|_password", "Long-enough-password-1"),
    (r"phone|mobile", "+491701234567"),
    (r"url|link|website|homepage", "https://example.com/{name}"),
    (r"currency", "EUR"),
    (r"country", "DE"),
    (r"locale|lang", "en"),
    (r"time_?zone", "UTC"),
    (r"colou?r", "#336699"),
    (r"slug|username|handle|login", "{name}"),
    (r"zip|postal", "10115"),
    (r"date", "2031-05-04"),
)
# What a keyword must hold to be believed; a description may say anything.
_SHAPES: Mapping[str, type | tuple[type, ...]] = {
    "type": (str, list), "format": str, "properties": dict, "items": dict, "required": list, "enum": list,
    "anyOf": list, "oneOf": list, "allOf": list, "examples": list, "minLength": int, "maxLength": int,
    "minItems": int, "minimum": (int, float), "maximum": (int, float), "exclusiveMinimum": (int, float),
    "exclusiveMaximum": (int, float), "multipleOf": (int, float),
}  # fmt: skip
_NUMBER_NAMES: tuple[tuple[str, int], ...] = ((r"amount|price|total|balance|cents", 60), (r"year", 2031))


# An example for such a field is used up by the first row that has it.
_MUST_DIFFER = re.compile(r"mail|user_?name|slug|handle|login|^code$|sku|^name$|title")


class Sampler:
    """Makes values. `word` goes into names and addresses, so that two users differ; `known` gives identifiers."""

    def __init__(self, word: str, known: Known) -> None:
        self._word, self._known = word, known

    def value(self, schema: Any, name: str = "", depth: int = 0) -> Any:
        """A value for the schema. Optional fields are left out below the second level."""
        if not isinstance(schema, dict) or depth > 8:
            return None
        schema = _sound(schema)
        if "const" in schema:
            return schema["const"]
        if not self._is_identifier(name) and not _MUST_DIFFER.search(name.lower()):
            for example in (schema.get("example"), *_list(schema.get("examples")), schema.get("default")):
                if example is not None:
                    return example
        if schema.get("enum"):
            return schema["enum"][0]
        if self._is_identifier(name) and (found := self._known(name)) is not None:
            return found
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self.value(next((s for s in schema[key] if s.get("type") != "null"), {}), name, depth + 1)
        if schema.get("allOf"):
            return self.value(_merged(schema["allOf"]), name, depth + 1)
        return self._typed(schema, name, depth)

    def _typed(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type") or ("object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "string")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            least = max(1, int(schema.get("minItems", 1)))
            return [self.value(schema.get("items", {}), _singular(name), depth + 1) for _ in range(min(least, 5))]
        if kind == "boolean":
            return True
        if kind in ("integer", "number"):
            return _number(schema, name)
        return self._text(schema, name)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        result = {}
        for field, inner in schema.get("properties", {}).items():
            if isinstance(inner, dict) and inner.get("readOnly"):
                continue
            if field in required or (depth < 2 and not required):
                result[field] = self.value(inner, field, depth + 1)
        return result

    def _text(self, schema: dict[str, Any], name: str) -> str:
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10_000))
        style = schema.get("format", "")
        if style == "email":
            return f"{self._word}@example.com"
        if style == "uuid":
            return "00000000-0000-4000-8000-000000000000"
        if style in _BY_FORMAT:
            return str(_BY_FORMAT[style])
        text = next((shape for pattern, shape in _BY_NAME if re.search(pattern, name.lower())), "{field} {name}")
        text = text.replace("{name}", self._word).replace("{field}", name or "text")
        return text.ljust(min(least, _LONGEST), "x")[:most]

    def _is_identifier(self, name: str) -> bool:
        return bool(re.search(r"(?:^|_)id$|[a-z]Id$|(?:^|_)ids$|[a-z]Ids$|uuid$", name))


def _number(schema: dict[str, Any], name: str) -> int | float:
    value: float = next((number for pattern, number in _NUMBER_NAMES if re.search(pattern, name.lower())), 1)
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if isinstance(least, int | float) and not isinstance(least, bool) and value <= least:
        value = least + (1 if schema.get("exclusiveMinimum") is not None else 0)
    if isinstance(most, int | float) and not isinstance(most, bool) and value > most:
        value = most
    if step := schema.get("multipleOf"):
        value = max(step, value - value % step)
    return int(value) if schema.get("type") == "integer" else value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _sound(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without keywords that hold something else than they should."""
    kept: dict[str, Any] = {}
    for name, value in schema.items():
        if name not in _SHAPES or isinstance(value, _SHAPES[name]):
            kept[name] = value
    for name in ("required", "type"):
        if isinstance(kept.get(name), list):
            kept[name] = [word for word in kept[name] if isinstance(word, str)]
    for name in ("anyOf", "oneOf", "allOf"):
        if name in kept:
            kept[name] = [part for part in kept[name] if isinstance(part, dict)]
    return kept


def _merged(parts: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for part in map(_sound, parts):
        result["properties"].update(part.get("properties", {}))
        result["required"] += part.get("required", [])
    return result


def _singular(name: str) -> str:
    return re.sub(r"ies$", "y", name) if name.endswith("ies") else name.removesuffix("s")
