"""Data access for orders."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from shop.models import Order, OrderItem


class OrderRepository:
    """Loads and stores orders."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_for_user(self, order_id: int, user_id: int) -> Order | None:
        """Return an order only if it belongs to the user."""
        return self.session.scalar(select(Order).where(Order.id == order_id, Order.user_id == user_id))

    def list_for_user(self, user_id: int) -> list[Order]:
        """Return the orders of a user, newest first."""
        query = (
            select(Order)
            .options(selectinload(Order.items))
            .where(Order.user_id == user_id)
            .order_by(Order.id.desc())
        )
        return list(self.session.scalars(query))

    def list_recent(self, limit: int) -> list[Order]:
        """Return the latest orders of all users with their items and products."""
        query = (
            select(Order)
            .options(selectinload(Order.items).selectinload(OrderItem.product))
            .order_by(Order.id.desc())
            .limit(limit)
        )
        return list(self.session.scalars(query))

    def add(self, order: Order) -> None:
        """Store a new order and give it an id."""
        self.session.add(order)
        self.session.flush()
