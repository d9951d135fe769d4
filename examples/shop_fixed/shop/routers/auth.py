"""Sign-up, login and the current user."""

from fastapi import APIRouter, status

from shop.schemas import Credentials, TokenOut, UserOut
from shop.security import CurrentUser, DatabaseSession, issue_token
from shop.services import users

router = APIRouter(tags=["auth"])


@router.post("/signup", status_code=status.HTTP_201_CREATED, response_model=UserOut)
def sign_up(body: Credentials, session: DatabaseSession):
    """Register a new user."""
    return users.sign_up(session, body.email, body.password)


@router.post("/login")
def login(body: Credentials, session: DatabaseSession) -> TokenOut:
    """Exchange e-mail and password for an access token."""
    user = users.authenticate(session, body.email, body.password)
    return TokenOut(access_token=issue_token(session, user))


@router.get("/me", response_model=UserOut)
def me(user: CurrentUser):
    """Return the current user."""
    return user
