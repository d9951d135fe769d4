"""Orders of the current user, and the list of all orders for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, status

from shop.errors import NotFound
from shop.repositories.orders import OrderRepository
from shop.schemas import OrderIn, OrderOut, PayOrder
from shop.security import Admin, CurrentUser, DatabaseSession
from shop.services.orders import OrderService, present
from shop.services.payments import PaymentClient, get_payment_client

router = APIRouter(prefix="/orders", tags=["orders"])


def get_order_service(
    session: DatabaseSession, payments: Annotated[PaymentClient, Depends(get_payment_client)]
) -> OrderService:
    """Build the order service of a request."""
    return OrderService(session, payments)


Orders = Annotated[OrderService, Depends(get_order_service)]


@router.post("", status_code=status.HTTP_201_CREATED)
def place_order(body: OrderIn, orders: Orders, user: CurrentUser) -> OrderOut:
    """Place an order."""
    return present(orders.place(user.id, body))


@router.get("")
def list_orders(session: DatabaseSession, user: CurrentUser) -> list[OrderOut]:
    """Return the current user's orders."""
    return [present(order) for order in OrderRepository(session).list_for_user(user.id)]


@router.get("/recent")
def recent_orders(
    session: DatabaseSession, admin: Admin, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[OrderOut]:
    """Return the latest orders of all users."""
    return [present(order) for order in OrderRepository(session).list_recent(limit)]


@router.get("/{order_id}")
def get_order(order_id: int, session: DatabaseSession, user: CurrentUser) -> OrderOut:
    """Return one order."""
    order = OrderRepository(session).get_for_user(order_id, user.id)
    if order is None:
        raise NotFound("Order not found")
    return present(order)


@router.post("/{order_id}/pay")
def pay_order(order_id: int, body: PayOrder, orders: Orders, user: CurrentUser) -> OrderOut:
    """Pay an order by card."""
    return present(orders.pay(order_id, user.id, body.card_token))


@router.post("/{order_id}/cancel")
def cancel_order(order_id: int, orders: Orders, user: CurrentUser) -> OrderOut:
    """Cancel an order."""
    return present(orders.cancel(order_id, user.id))
