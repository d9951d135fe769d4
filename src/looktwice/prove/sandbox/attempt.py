"""What a command of the project tried, and did not get."""

from __future__ import annotations

from msgspec import Struct

KINDS = ("connect", "datagram", "name", "read", "changed")
_WORDS = {
    "connect": "a connection to {what}",
    "datagram": "a datagram to {what}",
    "name": "the address of {what}",
    "read": "reading {what}",
    "changed": "changing {what}",
}


class Attempt(Struct, frozen=True):
    """`kind` is one of `KINDS`. `what` is "host:port", the name of a host, or a path; `program` the name of the program
    that tried, and `pid` its process."""

    kind: str
    what: str
    program: str = ""
    pid: int = 0

    def __str__(self) -> str:
        words = _WORDS.get(self.kind, "{what}").replace("{what}", self.what)
        return f"{words}, by {self.program} (process {self.pid})" if self.program else words
