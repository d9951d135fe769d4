"""What shows that a script runs on a server, or in a browser: packages, directives, places, words.

Each sign speaks for one file. A file without any is read as part of the backend: not knowing proves nothing.
"""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ── packages: a name, or a scope with its slash ──────────────────────────────────────────────────────────────────────
NODE_ONLY = words("""
    fs http https http2 net tls dgram dns child_process cluster worker_threads os zlib readline async_hooks perf_hooks
    v8 vm inspector repl crypto
""")
"""Node's own modules that no bundler puts into a page; `path`, `events`, `util` and the like it does."""

SERVERS = words("""
    express fastify koa hono restify polka h3 elysia micro nitro @hono/ @hapi/ @nestjs/ @fastify/ @koa/ @trpc/server
    @apollo/server apollo-server apollo-server-express graphql-yoga nuxt @sveltejs/kit @remix-run/node
    @remix-run/server-runtime @solidjs/start astro server-only next/server next/headers next/cache next-auth
    @vue/server-renderer react-dom/server
    @prisma/client prisma pg postgres mysql mysql2 mongoose mongodb drizzle-orm knex kysely typeorm sequelize
    sequelize-typescript @mikro-orm/ objection better-sqlite3 sqlite3 redis ioredis
    bull bullmq amqplib kafkajs agenda node-cron nodemailer bcrypt bcryptjs argon2 jsonwebtoken passport multer helmet
    cors morgan dotenv winston pino socket.io ws puppeteer playwright jsdom cheerio stripe undici node-fetch
    aws-sdk @aws-sdk/ aws-lambda firebase-admin firebase-functions @google-cloud/ @azure/functions
    express-session body-parser cookie-parser compression
""")
"""What runs on a server only: neither a file that brings it in nor a package that needs it is a browser's."""

INTERFACES = words("vue react-dom svelte @angular/core solid-js preact react-native")
"""What shows things to a person: a package that needs one of them, and nothing unknown, is a browser's."""

IN_PAGES = words("""
    vue vue-router vuex pinia vuetify quasar element-plus react-dom svelte @angular/ preact react-native expo solid-js
    next/router swr @tanstack/react-query react-router-dom react-redux react-hook-form formik framer-motion
    jquery bootstrap backbone alpinejs htmx.org stimulus lit @hotwired/ @ember/ @mui/ antd @radix-ui/ @headlessui/
    @chakra-ui/ @mantine/ @testing-library/
""")
"""What a file brings in only to run in a browser (or in an app on a telephone)."""

NEUTRAL = words("""
    react axios ky lodash lodash-es ramda date-fns dayjs moment luxon uuid nanoid zod yup joi immer clsx classnames
    i18next react-i18next rxjs tslib core-js events util url path buffer qs query-string redux @reduxjs/toolkit zustand
    jotai mobx graphql @apollo/client @trpc/client typescript vite webpack
""")
"""What runs anywhere and shows nothing."""

HOOKS = frozenset(
    {"useState", "useEffect", "useRef", "useContext", "useReducer", "useLayoutEffect", "useCallback", "useMemo"}
    | {"useTransition", "useDeferredValue", "useSyncExternalStore", "useImperativeHandle", "useOptimistic"}
)
"""What React's components call only where they are alive: a component that is rendered on the server has none."""

# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────────
PLACES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "next",
        re.compile(r"(?:^|/)(?:pages/api/.+|(?:middleware|instrumentation|proxy)\.[jt]s|app/(?:.*/)?route\.[jt]sx?)$"),
    ),
    (
        "@sveltejs/kit",
        re.compile(r"(?:^|/)(?:\+(?:server|page\.server|layout\.server)|hooks\.server)\.[jt]s$|/lib/server/"),
    ),
    ("@remix-run/", re.compile(r"\.server\.[jt]sx?$|(?:^|/)app/routes/")),
    ("nuxt", re.compile(r"(?:^|/)server/")),
    ("astro", re.compile(r"(?:^|/)src/pages/.+\.[jt]s$")),
)
"""Where a framework looks for what it runs on the server. It holds where the framework is, or no manifest says."""

SERVED = re.compile(r"(?:^|/)(?:static|public|wwwroot)/.*\.m?js$")
"""Where scripts lie that are sent to browsers unchanged."""
OF_A_SERVER = re.compile(r"(?:^|/)(?:server|backend)/")
SIDE = re.compile(r"\.(?:test|spec|stories|cy)\.|(?:^|/)(?:tests?|__tests__|__mocks__|cypress|e2e)/")
"""Tests and the like: that they import a file says nothing of where it runs."""

# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
ON_SERVER = re.compile(
    rb"\b__dirname\b|\bprocess\.(?:exit|argv|on|cwd|stdin|stdout)\b|\bDeno\.|\bBun\."
    rb"|\.listen\(\s{0,9}(?:\d|port\b|PORT\b|process\b)"
)
IN_BROWSER = re.compile(
    rb"(?<![\w$.])(?:document\.(?:getElement|querySelector|createElement|addEventListener|cookie\b)"
    rb"|window\.(?:location|addEventListener|localStorage|sessionStorage|history|navigator|document|matchMedia|scroll"
    rb"|innerWidth|requestAnimationFrame|alert|confirm)\b|(?:localStorage|sessionStorage)\.(?:get|set|remove)Item"
    rb"|navigator\.(?:userAgent|clipboard|geolocation|serviceWorker|sendBeacon|mediaDevices)"
    rb"|new[ ]XMLHttpRequest\b|\$\(document\)|\$\(function\b)"
)
ASKS_ITS_SERVER = re.compile(rb"(?<![\w$.])fetch\(\s{0,9}[\"'`]/(?![/*])")
"""An address without a host: only a browser knows which one is meant."""
EITHER = re.compile(rb"typeof[ \t]+(?:window|document|localStorage)\b")
"""Code that asks where it runs may run on either side."""
EVENTS = re.compile(
    rb"[\s{]on(?:Click|Change|Submit|Input|Key\w{0,9}|Mouse\w{0,9}|Focus|Blur|Press|Drag\w{0,9}|Scroll)=\{"
)
REACT_HOOK = re.compile(rb"\bReact\.(" + b"|".join(sorted(each.encode() for each in HOOKS)) + rb")\(")
BOUND_LATE = re.compile(rb"\b(?:import|require)\s{0,9}\(\s{0,9}[\"']([^\"'\n]{1,300})[\"']")
BROUGHT_IN = re.compile(rb"\b(?:from|import)\s{0,9}\(?\s{0,9}[\"']([^\"'\n]{1,300})[\"']")
SCRIPT_TAG = re.compile(rb"<script\b([^>]{1,600})>", re.IGNORECASE)
SCRIPT_NAME = re.compile(rb"(?<![\w@./-])[\w@./-]{1,300}\.m?js\b")
SERVER_EXPORTS = frozenset({"getServerSideProps", "getStaticProps", "getStaticPaths", "generateMetadata"})
ROUTE_EXPORTS = frozenset({"loader", "action"})
"""What a page of Remix or React Router exports for the server, beside the component that runs in the browser."""
ROUTES = re.compile(r"(?:^|/)app/(?:routes/|root\.[jt]sx?$)")
CLIENT_PARTS = words("react client browser vue svelte solid")
"""Parts of packages that otherwise run on a server: `next-auth/react`."""


def server_exports(path: str) -> frozenset[str]:
    """Names of the functions that a page exports and a framework runs on the server."""
    return SERVER_EXPORTS | ROUTE_EXPORTS if ROUTES.search(path) else SERVER_EXPORTS


def is_among(package: str, names: frozenset[str]) -> bool:
    """Whether a module is one of the packages, or of a scope or package that stands there with its slash."""
    if package in names:
        return True
    scope, slash, rest = package.partition("/")
    whole = f"{scope}/{rest.partition('/')[0]}" if package.startswith("@") else scope
    return whole in names or (bool(slash) and f"{scope}/" in names)


def is_of_server(module: str) -> bool:
    """Whether what is imported exists on a server only."""
    if module.count("/") > module.startswith("@") and module.rpartition("/")[2] in CLIENT_PARTS:
        return False
    return module.startswith("node:") or module in NODE_ONLY or is_among(module, SERVERS)
