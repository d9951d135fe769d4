"""What JavaScript imports are of, however they are written: registries by prefix, and addresses of content networks."""

from __future__ import annotations

import re
from functools import lru_cache

_REGISTRY = re.compile(r"(?:npm|jsr):/?(.+)")
_NETWORK = re.compile(
    r"https?://(?:esm\.sh|esm\.run|cdn\.skypack\.dev|jspm\.dev|ga\.jspm\.io|unpkg\.com|cdn\.jsdelivr\.net|cdn\.esm\.sh)/"
    r"(?:v\d+/|stable/|gh/|npm[:/]|pin/)*(.+)"
)
_DENO = re.compile(r"https?://deno\.land/(?:x/([^/@]+)|std)(?:@[^/]*)?(?:/([^/.?]+))?.*")
_VERSION = re.compile(r"(?<=[^/])@[^/]*")


@lru_cache(maxsize=20_000)
def published(specifier: str) -> str:
    """The name under which a package is published: "hono" of "npm:hono@4", "https://esm.sh/hono@4.1?dts".

    What names its package already is given back unchanged, and so is an address of no known network.
    """
    if (deno := _DENO.fullmatch(specifier)) is not None:
        return deno[1] or (f"@std/{deno[2]}" if deno[2] else "@std")
    match = _REGISTRY.fullmatch(specifier) or _NETWORK.fullmatch(specifier)
    if match is None:
        return specifier.removeprefix("node:")
    return _VERSION.sub("", match[1].partition("?")[0], count=1)
