"""Send the refunds that are due: python -m shop.send_refunds, every minute."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.database import SessionLocal
from shop.models import Refund
from shop.services.payments import PaymentClient, get_payment_client


def send_refunds(session: Session, payments: PaymentClient) -> int:
    """Send each refund and mark it as sent; the provider refunds a charge once, so sending one twice is harmless."""
    due = session.scalars(select(Refund).where(Refund.sent.is_(False)).order_by(Refund.id).limit(100)).all()
    for refund in due:
        payments.refund(refund.charge_id)
        session.execute(update(Refund).where(Refund.id == refund.id).values(sent=True))
        session.commit()
    return len(due)


if __name__ == "__main__":
    with SessionLocal() as database_session:
        send_refunds(database_session, get_payment_client())
