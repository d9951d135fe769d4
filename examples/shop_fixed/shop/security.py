"""Passwords, access tokens and the current user."""

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.database import get_session
from shop.models import AccessToken, User

bearer = HTTPBearer(auto_error=False)


def hash_password(password: str) -> str:
    """Hash a password with scrypt and a random salt."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
    return f"{salt.hex()}${digest.hex()}"


def verify_password(password: str, stored: str) -> bool:
    """Check a password against a stored hash in constant time."""
    salt, digest = stored.split("$")
    candidate = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**14, r=8, p=1)
    return hmac.compare_digest(candidate.hex(), digest)


def hash_token(token: str) -> str:
    """Only hashes of access tokens are stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(session: Session, user: User) -> str:
    """Create an access token for a user and return it in clear, once."""
    token = secrets.token_urlsafe(32)
    session.add(AccessToken(token_hash=hash_token(token), user_id=user.id))
    session.commit()
    return token


def get_current_user(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    session: Annotated[Session, Depends(get_session)],
) -> User:
    """Return the user of the bearer token, or answer 401."""
    if credentials is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Not authenticated")
    query = select(User).join(AccessToken).where(AccessToken.token_hash == hash_token(credentials.credentials))
    user = session.scalar(query)
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Invalid token")
    return user


def get_admin(user: Annotated[User, Depends(get_current_user)]) -> User:
    """Return the current user if they are an administrator, or answer 403."""
    if not user.is_admin:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Administrators only")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]
Admin = Annotated[User, Depends(get_admin)]
DatabaseSession = Annotated[Session, Depends(get_session)]
