"""What a project's own validation says of a setting: its type, its choices, whether it may be missing.

Schemas of zod, Joi, envalid, yup and TypeBox, classes of class-validator, fields of pydantic's `BaseSettings`.
The answer is an example that such a validation accepts, from which a value is made up as from any other example.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from msgspec import Struct

_BUILDERS = r"(?:[Jj]oi|z|zod|v|[Yy]up|t|Type|S|str|num|bool|port|url|email|host|json|makeValidator|testOnly)"
_PROPERTY = re.compile(rf"""(?m)(?:^|[{{,])[ \t]*["']?([A-Z][A-Z0-9_]+)["']?[ \t]*:\s*(?={_BUILDERS}\s*[.(])""")
_CLASS_FIELD = re.compile(r"(?m)((?:^[ \t]*@\w+\(.*\)[ \t]*\n?)+)[ \t]*([A-Z][A-Z0-9_]+)[!?]?:[ \t]*(\w+)")
_OPTIONAL = re.compile(r"\.(?:optional|nullish|nullable|default|catch)\(|\bdefault\s*:|@IsOptional|\|\s*undefined")
_DEFAULT = re.compile(
    r"""(?:\.default\(|\bdefault\s*[:=])\s*(?:["'`]([^"'`\n]*)["'`]|(-?\d+(?:\.\d+)?|[Tt]rue|[Ff]alse)\b)"""
)
_CHOICES = re.compile(
    r"""(?:enum|valid|oneOf|literal|picklist|IsIn|choices\s*[:=])\s*\(?\s*\[?\s*["']([^"']*)["']|Literal\[\s*["']([^"']*)["']"""
)
_LENGTH = re.compile(r"\.(?:length|min|minLength)\(\s*(\d+)|min_length\s*=\s*(\d+)|@(?:Min)?Length\(\s*(\d+)")
# The first row that is found decides.
_TYPES: tuple[tuple[str, str], ...] = (
    (r"Postgres(?:ql)?Dsn", "postgresql://u:p@db/app"),
    (r"RedisDsn", "redis://cache:6379/0"),
    (r"(?:Mongo|MySQL|MariaDB|Amqp|Kafka|Nats|ClickHouse)\w*Dsn", "tcp://service:1"),
    (
        r"\burl\(|\.ur[li]\(|\.httpUrl\(|\bUrl\b|\b(?:Any|Http|AnyHttp|AnyWebsocket)Url\b|@IsUrl",
        "https://service.example",
    ),
    (r"\bemail\(|\.email\(|EmailStr|@IsEmail", "somebody@example.com"),
    (r"\bport\(|\.port\(|@IsPort", "9"),
    (r"bool(?:ean)?\b", "false"),
    (r"\bnum\(|\bnumber\b|\.int\(|\bint\b|\bfloat\b|Decimal|@Is(?:Int|Number|Positive)|\binteger\b", "10"),
    (r"\.uuid\(|\bUUID\b|@IsUUID", "00000000-0000-4000-8000-000000000000"),
    (r"\bjson\(|\b(?:list|set|tuple|List|Sequence)\[", '["value"]'),
    (r"\b(?:dict|Dict|Mapping)\[", "{}"),
    (r"\bhost\(|\.hostname\(|\.ip\(", "127.0.0.1"),
)


class Declared(Struct, frozen=True):
    """One setting that a validation names."""

    name: str
    line: int
    example: str = ""
    default: str = ""
    is_required: bool = True
    is_off: bool = False  # optional, and without a default
    is_made: bool = False  # the default is computed


def example_of(text: str) -> str:
    """An example that the written type or builder accepts, "" when any text will do."""
    if choice := _CHOICES.search(text):
        return next(filter(None, choice.groups()), "")
    for pattern, example in _TYPES:
        if re.search(pattern, text):
            return example
    if length := _LENGTH.search(text):
        size = min(int(next(filter(None, length.groups()))), 512)
        return ("0" if ".hex(" in text else "x") * size if size >= 4 else ""
    return ""


def in_schemas(text: str) -> Iterator[Declared]:
    """Settings in a schema of JavaScript or TypeScript, and in a class that class-validator checks."""
    for match in _PROPERTY.finditer(text):
        yield _declared(match[1], _expression(text, match.end()), text, match.start(1))
    if "class-validator" in text:
        for match in _CLASS_FIELD.finditer(text):
            yield _declared(match[2], f"{match[1]} {match[3]}", text, match.start(2))


def _declared(name: str, words: str, text: str, at: int) -> Declared:
    default = _DEFAULT.search(words)
    is_optional = bool(_OPTIONAL.search(words))
    return Declared(
        name=name,
        line=text.count("\n", 0, at) + 1,
        example=example_of(words),
        default=(default[1] or default[2] or "") if default else "",
        is_required=not is_optional,
        is_off=is_optional and "efault" not in words,
    )


def _expression(text: str, start: int) -> str:
    """Up to the comma or the end of the line that ends a property's value."""
    depth, at = 0, start
    for at in range(start, min(start + 600, len(text))):
        character = text[at]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        is_end = character == "," or (character == "\n" and not text[at:].lstrip().startswith("."))
        if depth < 0 or (depth == 0 and is_end):
            break
    return text[start : at + 1]


# ---- pydantic


def in_classes(text: str) -> Iterator[Declared]:
    """Fields of pydantic's `BaseSettings`: each reads the variable of its name, behind the prefix."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in classes.values():
        if any("Settings" in ast.unparse(base) for base in node.bases):
            source = ast.get_source_segment(text, node) or ""
            prefix = next(iter(re.findall(r"env_prefix\s*=\s*[\"'](\w*)[\"']", source)), "")
            between = next(iter(re.findall(r"env_nested_delimiter\s*=\s*[\"'](\w+)[\"']", source)), "")
            yield from _fields(node, prefix, between, classes)


def _fields(node: ast.ClassDef, prefix: str, between: str, classes: dict[str, ast.ClassDef]) -> Iterator[Declared]:
    for field in node.body:
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        annotation = ast.unparse(field.annotation)
        if field.target.id == "model_config" or "ClassVar" in annotation:
            continue
        inner = classes.get(annotation)
        if between and inner is not None and inner is not node:
            yield from _fields(inner, f"{prefix}{field.target.id}{between}", between, classes)
            continue
        default = _default(field.value)
        is_off = isinstance(field.value, ast.Constant) and default is None
        for name in _aliases(field.value) or (prefix + field.target.id,):
            yield Declared(
                name=name.upper(),
                line=field.lineno,
                example=example_of(f"{annotation} {ast.unparse(field.value) if field.value else ''}"),
                default=default or "",
                is_required=default == "" and "None" not in annotation,
                is_off=is_off or (default == "" and "None" in annotation),
                is_made=default is None and not is_off,
            )


def _aliases(value: ast.expr | None) -> tuple[str, ...]:
    """Names under which a field is read instead of its own."""
    if not isinstance(value, ast.Call):
        return ()
    given = [word.value for word in value.keywords if word.arg in ("alias", "validation_alias", "env")]
    inside = [item for it in given for item in ([it] if isinstance(it, ast.Constant) else ast.walk(it))]
    return tuple(it.value for it in inside if isinstance(it, ast.Constant) and isinstance(it.value, str))


def _default(value: ast.expr | None) -> str | None:
    """The default of a field as text, "" when it is required; None when it is optional, or made in another way."""
    if value is None:
        return ""
    if isinstance(value, ast.Constant):
        return None if value.value is None else "" if value.value is ... else str(value.value)
    if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("Field"):
        given = [*value.args, *(keyword.value for keyword in value.keywords if keyword.arg == "default")]
        if any(keyword.arg == "default_factory" for keyword in value.keywords):
            return None
        return _default(given[0]) if given else ""
    return None
