"""Events sent by the payment provider."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, status

from shop.config import get_settings
from shop.schemas import PaymentEvent
from shop.security import DatabaseSession
from shop.services.topups import apply_event


def verify_token(x_webhook_token: Annotated[str, Header()] = "") -> None:
    """Answer 401 unless the provider sent the secret that we share."""
    if not hmac.compare_digest(x_webhook_token.encode(), get_settings().payments_webhook_secret.encode()):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Invalid webhook token")


router = APIRouter(prefix="/webhooks", tags=["webhooks"], dependencies=[Depends(verify_token)])


@router.post("/payments")
def payment_event(event: PaymentEvent, session: DatabaseSession) -> dict[str, bool]:
    """Receive an event from the payment provider."""
    apply_event(session, event)
    return {"received": True}
