"""Cache of catalogue pages in Redis."""

import json
import logging
from typing import Any

import redis

from shop.config import get_settings

logger = logging.getLogger(__name__)

CATALOGUE_SECONDS = 30

client = redis.Redis.from_url(get_settings().redis_url, decode_responses=True, socket_timeout=None)


def get_page(key: str) -> list[dict[str, Any]] | None:
    """Return a cached page, or None when there is none or Redis is unavailable."""
    try:
        cached = client.get(key)
    except redis.RedisError:
        logger.warning("Cache read failed", exc_info=True)
        return None
    return json.loads(cached) if cached else None


def put_page(key: str, page: list[dict[str, Any]]) -> None:
    """Cache a page for a short time."""
    try:
        client.set(key, json.dumps(page), ex=CATALOGUE_SECONDS)
    except redis.RedisError:
        logger.warning("Cache write failed", exc_info=True)
