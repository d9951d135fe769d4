"""The playbook's server: the page, its lessons, verdicts on the code in the editor, and the learner's progress."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from looktwice.core.errors import LooktwiceError
from looktwice.learn import progress
from looktwice.learn.access import Access, AccessControl
from looktwice.learn.content import playbook
from looktwice.learn.exercise import exercise
from looktwice.learn.verdict import LARGEST, Answer, State, answer
from looktwice.patterns.catalogue import Catalogue

ASSETS = Path(__file__).parent / "assets"
NO_STORE = {"cache-control": "no-store"}

Body = TypeVar("Body")


class VerdictRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Code to judge, with the exercise's pattern and language."""

    pattern: str
    language: str
    code: str


def application(patterns: Catalogue, folder: Path, access: Access) -> Starlette:
    """The ASGI application.

    patterns: the patterns taught; folder: where progress is kept (`.looktwice`); access: the port and token.
    """
    pages = msgspec.json.encode(playbook(patterns, live=True))

    async def index(_: Request) -> Response:
        return FileResponse(ASSETS / "index.html", headers=NO_STORE)

    async def lessons(_: Request) -> Response:
        return Response(pages, media_type="application/json", headers=NO_STORE)

    async def verdict(request: Request) -> Response:
        submitted = await _body(request, VerdictRequest)
        if len(submitted.code) > LARGEST:
            raise HTTPException(413, f"The code is longer than {LARGEST:,} characters and was not judged.")
        pattern = patterns.find(submitted.pattern)
        task = exercise(patterns, pattern, submitted.language) if pattern else None
        if task is None:
            raise HTTPException(404, f"There is no exercise for {submitted.pattern} in {submitted.language}.")
        return _json(await run_in_threadpool(_judged, task, submitted.code))

    async def read_progress(_: Request) -> Response:
        return _json(await run_in_threadpool(progress.read, folder))

    async def write_progress(request: Request) -> Response:
        changes = await _body(request, progress.Progress)
        try:
            return _json(await run_in_threadpool(progress.update, folder, changes))
        except LooktwiceError as error:
            raise HTTPException(507, f"Progress is kept in this browser only: {error}") from None

    return Starlette(
        routes=[
            Route("/", index),
            Route("/api/pages", lessons),
            Route("/api/verdict", verdict, methods=["POST"]),
            Route("/api/progress", read_progress),
            Route("/api/progress", write_progress, methods=["PUT"]),
            Mount("/assets", StaticFiles(directory=ASSETS, check_dir=False)),
        ],
        middleware=[Middleware(AccessControl, access=access)],
        exception_handlers={HTTPException: _error},
    )


def _judged(task: object, code: str) -> Answer:
    try:
        return answer(task, code)  # type: ignore[arg-type]
    except Exception as error:  # a bug in the engine must not lose the learner's text: report it and go on
        return Answer(State.PAUSED, why=f"The engine failed on this text ({type(error).__name__}). The text is kept.")


async def _body(request: Request, kind: type[Body]) -> Body:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > 8 * LARGEST:
            raise HTTPException(413, "The request is too large.")
    try:
        return msgspec.json.decode(bytes(data), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HTTPException(422, f"The request is invalid: {error}") from None


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json", headers=NO_STORE)


async def _error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code)
