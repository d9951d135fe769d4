"""Encryption towards the application. A connection that would do without is not encrypted: it would only cost time."""

from __future__ import annotations

import ssl
from functools import cached_property


class Encryption:
    """Shared by all proxies of a run. `is_wanted` becomes true once a client has left because there was none."""

    def __init__(self) -> None:
        self.is_wanted = False

    @cached_property
    def context(self) -> ssl.SSLContext:
        """A certificate of our own for loopback names, made when first asked for. Nobody can verify it, and clients of
        PostgreSQL rarely try (`sslmode=require`, `rejectUnauthorized: false`)."""
        import trustme

        authority = trustme.CA(organization_name="looktwice")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        return context
