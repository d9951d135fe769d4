"""Sign-up and login."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import Conflict, ShopError
from shop.models import User, Wallet
from shop.security import hash_password, verify_password


class InvalidCredentials(ShopError):
    status_code = 401


def find_by_email(session: Session, email: str) -> User | None:
    """Return the user with this e-mail address, if any."""
    return session.scalars(select(User).where(User.email == email.lower()).limit(1)).first()


def sign_up(session: Session, email: str, password: str) -> User:
    """Create a user with an empty wallet."""
    user = User(email=email.lower(), password_hash=hash_password(password), wallet=Wallet(balance=0))
    session.add(user)
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise Conflict("This e-mail address is already registered") from error
    return user


def authenticate(session: Session, email: str, password: str) -> User:
    """Return the user if the password is right."""
    user = find_by_email(session, email)
    if user is None or not verify_password(password, user.password_hash):
        raise InvalidCredentials("Wrong e-mail address or password")
    return user
