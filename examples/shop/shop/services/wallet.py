"""Wallet: deposits, transfers and coupons."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.errors import Conflict, NotFound
from shop.models import Coupon, CouponRedemption, Wallet


def get_wallet(session: Session, user_id: int) -> Wallet:
    """Return the wallet of a user."""
    wallet = session.scalar(select(Wallet).where(Wallet.user_id == user_id))
    if wallet is None:
        raise NotFound("Wallet not found")
    return wallet


def deposit(session: Session, user_id: int, amount: int) -> Wallet:
    """Add money to a wallet and return it."""
    wallet = get_wallet(session, user_id)
    wallet.balance = wallet.balance + amount
    session.commit()
    return wallet


def change_balance(session: Session, user_id: int, amount: int) -> None:
    """Add an amount to a balance; a negative amount subtracts."""
    session.execute(update(Wallet).where(Wallet.user_id == user_id).values(balance=Wallet.balance + amount))


def transfer(session: Session, from_user_id: int, to_user_id: int, amount: int) -> Wallet:
    """Move money from one user's wallet to another's."""
    if from_user_id == to_user_id:
        raise Conflict("Cannot transfer to yourself")
    sender = get_wallet(session, from_user_id)
    if sender.balance < amount:
        raise Conflict("Insufficient funds")
    receiver = get_wallet(session, to_user_id)

    change_balance(session, sender.user_id, -amount)
    change_balance(session, receiver.user_id, amount)
    session.commit()
    session.refresh(sender)
    return sender


def redeem_coupon(session: Session, user_id: int, code: str) -> Wallet:
    """Credit a coupon to the user's wallet. Each user may redeem a coupon once."""
    coupon = session.scalar(select(Coupon).where(Coupon.code == code.strip().upper()))
    if coupon is None:
        raise NotFound("Unknown coupon")

    already_redeemed = session.scalar(
        select(CouponRedemption).where(
            CouponRedemption.coupon_id == coupon.id,
            CouponRedemption.user_id == user_id,
        )
    )
    if already_redeemed:
        raise Conflict("Coupon already redeemed")

    session.add(CouponRedemption(coupon_id=coupon.id, user_id=user_id))
    change_balance(session, user_id, coupon.credit)
    session.commit()
    return get_wallet(session, user_id)
