"""Wallet top-ups that the payment provider reports to us."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.models import TopUp
from shop.schemas import PaymentEvent
from shop.services.wallet import change_balance, get_wallet


def apply_event(session: Session, event: PaymentEvent) -> None:
    """Credit a successful top-up to the user's wallet, once; other events are ignored."""
    if event.type != "topup.succeeded":
        return
    wallet = get_wallet(session, event.user_id)
    recorded = session.scalar(
        insert(TopUp)
        .values(event_id=event.id, wallet_id=wallet.id, amount=event.amount)
        .on_conflict_do_nothing(index_elements=[TopUp.event_id])
        .returning(TopUp.id)
    )
    if recorded is not None:
        change_balance(session, event.user_id, event.amount)
    session.commit()
