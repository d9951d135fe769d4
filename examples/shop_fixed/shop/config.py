"""Application settings, read from the environment."""

import os
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Settings:
    """Everything that differs between environments."""

    database_url: str
    redis_url: str
    payments_url: str
    payments_api_key: str
    payments_webhook_secret: str
    shipping_url: str


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process."""
    return Settings(
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"],
        payments_url=os.environ["PAYMENTS_URL"],
        payments_api_key=os.environ["PAYMENTS_API_KEY"],
        payments_webhook_secret=os.environ["PAYMENTS_WEBHOOK_SECRET"],
        shipping_url=os.environ["SHIPPING_URL"],
    )
