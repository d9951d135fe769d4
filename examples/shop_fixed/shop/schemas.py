"""Request and response bodies."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Credentials(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=255)
    password: str = Field(min_length=8, max_length=128)


class TokenOut(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"


class FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserOut(FromRow):
    id: int
    email: str


class ProductOut(FromRow):
    id: int
    name: str
    description: str
    price: int
    stock: int


class WalletOut(FromRow):
    balance: int


class Deposit(BaseModel):
    amount: int = Field(gt=0, le=1_000_000)


class Transfer(BaseModel):
    to_user_id: int
    amount: int = Field(gt=0, le=1_000_000)


class RedeemCoupon(BaseModel):
    code: str = Field(min_length=1, max_length=40)


class OrderLine(BaseModel):
    product_id: int
    quantity: int = Field(gt=0, le=100)


class OrderIn(BaseModel):
    items: list[OrderLine] = Field(min_length=1, max_length=50)


class OrderItemOut(BaseModel):
    product_id: int
    product_name: str
    quantity: int
    price: int


class OrderOut(BaseModel):
    id: int
    status: str
    total: int
    created_at: datetime
    items: list[OrderItemOut]


class PayOrder(BaseModel):
    card_token: str = Field(min_length=1, max_length=200)


class ReviewIn(BaseModel):
    stars: int = Field(ge=1, le=5)
    text: str = Field(default="", max_length=2000)


class ReviewOut(FromRow):
    product_id: int
    user_id: int
    stars: int
    text: str


class ShippingQuote(BaseModel):
    price: int
    days: int


class PaymentEvent(BaseModel):
    id: str = Field(min_length=1, max_length=100)
    type: str
    user_id: int
    amount: int = Field(gt=0)
