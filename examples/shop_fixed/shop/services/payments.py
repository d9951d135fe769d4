"""Client of the payment provider's HTTP API."""

import logging
from typing import Any

import httpx
from pydantic import BaseModel, Field

from shop.config import get_settings
from shop.errors import PaymentFailed


logger = logging.getLogger(__name__)


class Receipt(BaseModel):
    """The provider's response to a successful request."""

    id: str = Field(min_length=1)


class PaymentClient:
    """Charges and refunds cards."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self.http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=5.0,
        )

    def charge(self, amount: int, card_token: str, reference: str) -> str:
        """Charge a card and return the id of the charge; the same reference is charged once."""
        payload = {"amount": amount, "currency": "EUR", "source": card_token, "reference": reference}
        return self._post("/charges", payload, f"charge-{reference}").id

    def refund(self, charge_id: str) -> None:
        """Refund the whole amount of a charge; the same charge is refunded once."""
        self._post("/refunds", {"charge": charge_id}, f"refund-{charge_id}")

    def _post(self, path: str, payload: dict[str, Any], idempotency_key: str) -> Receipt:
        try:
            response = self.http.post(path, json=payload, headers={"Idempotency-Key": idempotency_key})
            response.raise_for_status()
            return Receipt.model_validate(response.json())
        except (httpx.HTTPError, ValueError) as error:
            logger.warning("Payment provider failed at %s", path, exc_info=True)
            raise PaymentFailed("The payment provider did not accept the request") from error


def get_payment_client() -> PaymentClient:
    """Return a client configured from the settings."""
    settings = get_settings()
    return PaymentClient(settings.payments_url, settings.payments_api_key)
