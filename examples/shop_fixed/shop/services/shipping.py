"""Shipping quotes from the carrier."""

import httpx

from shop.config import get_settings
from shop.errors import ShopError
from shop.schemas import ShippingQuote


class CarrierUnavailable(ShopError):
    status_code = 503


def get_quote(country: str, weight: int) -> ShippingQuote:
    """Ask the carrier what a parcel costs; weight in grams."""
    try:
        response = httpx.get(
            f"{get_settings().shipping_url}/quotes",
            params={"country": country, "weight": weight},
            timeout=3.0,
        )
        response.raise_for_status()
        return ShippingQuote.model_validate(response.json())
    except (httpx.HTTPError, ValueError) as error:
        raise CarrierUnavailable("No quote from the carrier at the moment") from error
