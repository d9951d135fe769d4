"""The current user's wallet."""

from fastapi import APIRouter

from shop.schemas import Deposit, RedeemCoupon, Transfer, WalletOut
from shop.security import CurrentUser, DatabaseSession
from shop.services import wallet

router = APIRouter(prefix="/wallet", tags=["wallet"])


@router.get("", response_model=WalletOut)
def get_wallet(session: DatabaseSession, user: CurrentUser):
    """Return the balance."""
    return wallet.get_wallet(session, user.id)


@router.post("/deposit", response_model=WalletOut)
def deposit(body: Deposit, session: DatabaseSession, user: CurrentUser):
    """Add money to the wallet."""
    return wallet.deposit(session, user.id, body.amount)


@router.post("/transfer", response_model=WalletOut)
def transfer(body: Transfer, session: DatabaseSession, user: CurrentUser):
    """Send money to another user."""
    return wallet.transfer(session, user.id, body.to_user_id, body.amount)


@router.post("/coupons", response_model=WalletOut)
def redeem_coupon(body: RedeemCoupon, session: DatabaseSession, user: CurrentUser):
    """Redeem a coupon."""
    return wallet.redeem_coupon(session, user.id, body.code)
