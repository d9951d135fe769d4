"""Which files run in a browser: a backend's repository often holds its front end, and that is another world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from looktwice.code.project.json_text import decoded
from looktwice.code.project.paths import folder_of, folders_above
from looktwice.code.tree import Expression, Import, Literal, Module

SCRIPTS = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts")
INTERFACES = frozenset({"vue", "react-dom", "svelte", "@angular/core", "solid-js", "preact", "react-native"})
SERVERS = frozenset(
    {
        *("express", "fastify", "koa", "hono", "next", "nuxt", "@nestjs/core", "@sveltejs/kit", "@remix-run/node"),
        *("@remix-run/server-runtime", "@solidjs/start", "astro", "@hapi/hapi", "@trpc/server", "h3", "elysia"),
        *("@prisma/client", "pg", "mysql2", "mongoose", "drizzle-orm", "knex", "typeorm", "sequelize", "ioredis"),
    }
)
"""Libraries that make a package a server's, whatever it shows besides."""
IN_PAGES = frozenset({"vue", "vuex", "pinia", "react-dom", "svelte/store", "@angular/core", "next/router", "swr"})
HOOKS = frozenset({"useState", "useEffect", "useRef", "useContext", "useReducer", "useLayoutEffect"})
"""What React's components call only where they are alive: a component that is rendered on the server has none."""


def browser_files(
    modules: Mapping[str, Module],
    manifests: Mapping[str, bytes],
    resolve: Callable[[str, Import], str | None],
) -> frozenset[str]:
    """Paths of the scripts that run in a browser and nowhere else.

    A file says so itself (`"use client"`, hooks), its package does (an interface library and no server's), or all
    that import it run there. Files that bring in a server's library, or Node's own modules, never do.
    """
    interfaces = {folder_of(path) for path, data in manifests.items() if _is_interface(path, data)}
    packages = {folder_of(path) for path in manifests if path.endswith("package.json")}
    scripts = {path: module for path, module in modules.items() if path.endswith(SCRIPTS)}
    serving = {path for path, module in scripts.items() if _serves(path, module)}
    found = {
        path
        for path, module in scripts.items()
        if path not in serving and (_says_so(module) or _nearest(path, packages) in interfaces)
    }
    needs = {path: _imported(path, module, resolve) & scripts.keys() for path, module in scripts.items()}
    importers: dict[str, set[str]] = {}
    for path, targets in needs.items():
        for target in targets:
            importers.setdefault(target, set()).add(path)
    waiting = list(found)
    while waiting:
        for path in needs[waiting.pop()] - found - serving:
            if importers[path] <= found:
                found.add(path)
                waiting.append(path)
    return frozenset(found)


def _is_interface(path: str, data: bytes) -> bool:
    if path.rpartition("/")[2] != "package.json":
        return False
    content = decoded(data)
    needed = {name for key in ("dependencies", "devDependencies") for name in _names(content.get(key))}
    return bool(needed & INTERFACES) and not needed & SERVERS


def _names(table: object) -> Iterable[str]:
    return map(str, table) if isinstance(table, dict) else ()


def _nearest(path: str, packages: set[str]) -> str | None:
    return next((folder for folder in folders_above(path) if folder in packages), None)


def _says_so(module: Module) -> bool:
    if _begins_with(module, "use client"):
        return True
    return any(
        not each.is_type and (each.module in IN_PAGES or (each.module == "react" and each.name in HOOKS))
        for each in module.imports
    )


def _serves(path: str, module: Module) -> bool:
    """Next.js runs `pages/api` and `route.ts` on the server; Node's modules and servers' libraries exist there only."""
    if "/pages/api/" in f"/{path}" or path.rpartition("/")[2].startswith("route."):
        return True
    if _begins_with(module, "use server"):
        return True
    return any(
        not each.is_type and (each.module.startswith("node:") or (each.module in SERVERS and each.module != "next"))
        for each in module.imports
    )


def _begins_with(module: Module, directive: str) -> bool:
    first = module.body[0] if module.body else None
    return isinstance(first, Expression) and isinstance(first.value, Literal) and first.value.value == directive


def _imported(path: str, module: Module, resolve: Callable[[str, Import], str | None]) -> set[str]:
    """The files that a file brings in when it runs; types vanish before."""
    targets = (resolve(path, each) for each in module.imports if not each.is_type)
    return {target for target in targets if target is not None} - {path}
