"""Wallet: deposits, transfers and coupons."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
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
    deposited = update(Wallet).where(Wallet.user_id == user_id).values(balance=Wallet.balance + amount)
    wallet = session.scalar(deposited.returning(Wallet))
    if wallet is None:
        raise NotFound("Wallet not found")
    session.commit()
    return wallet


def change_balance(session: Session, user_id: int, amount: int) -> None:
    """Add an amount to a balance; a negative amount subtracts."""
    session.execute(update(Wallet).where(Wallet.user_id == user_id).values(balance=Wallet.balance + amount))


def transfer(session: Session, from_user_id: int, to_user_id: int, amount: int) -> Wallet:
    """Move money from one user's wallet to another's."""
    if from_user_id == to_user_id:
        raise Conflict("Cannot transfer to yourself")
    # Both rows are locked in a fixed order, so that two opposite transfers cannot deadlock.
    both = select(Wallet).where(Wallet.user_id.in_([from_user_id, to_user_id])).order_by(Wallet.id).with_for_update()
    wallets = {wallet.user_id: wallet for wallet in session.scalars(both)}
    if len(wallets) < 2:
        raise NotFound("Wallet not found")
    sender = wallets[from_user_id]
    if sender.balance < amount:
        raise Conflict("Insufficient funds")

    change_balance(session, from_user_id, -amount)
    change_balance(session, to_user_id, amount)
    session.commit()
    session.refresh(sender)
    return sender


def redeem_coupon(session: Session, user_id: int, code: str) -> Wallet:
    """Credit a coupon to the user's wallet. Each user may redeem a coupon once."""
    coupon = session.scalar(select(Coupon).where(Coupon.code == code.strip().upper()))
    if coupon is None:
        raise NotFound("Unknown coupon")

    redeemed = session.scalar(
        insert(CouponRedemption)
        .values(coupon_id=coupon.id, user_id=user_id)
        .on_conflict_do_nothing(index_elements=[CouponRedemption.coupon_id, CouponRedemption.user_id])
        .returning(CouponRedemption.id)
    )
    if redeemed is None:
        raise Conflict("Coupon already redeemed")

    change_balance(session, user_id, coupon.credit)
    session.commit()
    return get_wallet(session, user_id)
