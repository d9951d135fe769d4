"""Errors of the domain, and the HTTP status each one becomes."""

from fastapi import Request
from fastapi.responses import JSONResponse


class ShopError(Exception):
    """Base class: a message for the client and a status."""

    status_code = 400


class NotFound(ShopError):
    status_code = 404


class Conflict(ShopError):
    status_code = 409


class PaymentFailed(ShopError):
    status_code = 502


def handle_shop_error(_: Request, error: ShopError) -> JSONResponse:
    """Turn a domain error into a JSON response."""
    return JSONResponse({"detail": str(error)}, status_code=error.status_code)
