"""Client of the payment provider's HTTP API."""

from typing import Any

import httpx

from shop.config import get_settings
from shop.errors import PaymentFailed


class PaymentClient:
    """Charges and refunds cards."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self.http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=None,
        )

    def charge(self, amount: int, card_token: str, reference: str) -> str:
        """Charge a card and return the id of the charge."""
        payload = {"amount": amount, "currency": "EUR", "source": card_token, "reference": reference}
        return self._post("/charges", payload)["id"]

    def refund(self, charge_id: str) -> None:
        """Refund the whole amount of a charge."""
        self._post("/refunds", {"charge": charge_id})

    def _post(self, path: str, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self.http.post(path, json=payload)
            response.raise_for_status()
            return response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise PaymentFailed("The payment provider did not accept the request") from error


def get_payment_client() -> PaymentClient:
    """Return a client configured from the settings."""
    settings = get_settings()
    return PaymentClient(settings.payments_url, settings.payments_api_key)
