"""Application entry point."""

import logging

from fastapi import FastAPI

from shop.errors import ShopError, handle_shop_error
from shop.routers import auth, catalog, orders, wallet, webhooks

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")

app = FastAPI(title="Shop")
app.add_exception_handler(ShopError, handle_shop_error)

for module in (auth, catalog, wallet, orders, webhooks):
    app.include_router(module.router)


@app.get("/health", tags=["health"])
def health() -> dict[str, str]:
    """Liveness probe."""
    return {"status": "ok"}
