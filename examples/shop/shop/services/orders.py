"""Orders: placing, paying, cancelling."""

import logging

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.errors import Conflict, NotFound
from shop.models import Order, OrderItem, Product
from shop.repositories.orders import OrderRepository
from shop.repositories.products import ProductRepository
from shop.schemas import OrderIn, OrderItemOut, OrderOut
from shop.services.payments import PaymentClient

logger = logging.getLogger(__name__)


class OrderService:
    """Business rules around orders."""

    def __init__(self, session: Session, payments: PaymentClient) -> None:
        self.session = session
        self.payments = payments
        self.orders = OrderRepository(session)
        self.products = ProductRepository(session)

    def place(self, user_id: int, order_in: OrderIn) -> Order:
        """Reserve the stock and create a pending order."""
        items = []
        for line in sorted(order_in.items, key=lambda line: line.product_id):
            product = self.products.get(line.product_id)
            if product is None:
                raise NotFound(f"Product {line.product_id} not found")
            if product.stock < line.quantity:
                raise Conflict(f"Only {product.stock} of {product.name} left")
            self.session.execute(
                update(Product).where(Product.id == product.id).values(stock=Product.stock - line.quantity)
            )
            items.append(OrderItem(product_id=product.id, quantity=line.quantity, price=product.price))

        total = sum(item.quantity * item.price for item in items)
        order = Order(user_id=user_id, status="pending", total=total, items=items)
        self.orders.add(order)
        self.session.commit()
        return order

    def pay(self, order_id: int, user_id: int, card_token: str) -> Order:
        """Charge the card and mark the order as paid."""
        order = self.orders.get_for_user(order_id, user_id)
        if order is None:
            raise NotFound("Order not found")
        if order.status != "pending":
            raise Conflict(f"Order is already {order.status}")

        order.charge_id = self.payments.charge(order.total, card_token, reference=f"order-{order.id}")
        order.status = "paid"
        self.session.commit()
        return order

    def cancel(self, order_id: int, user_id: int) -> Order:
        """Cancel an order, put its items back into stock and refund it if it was paid."""
        order = self.orders.get_for_user(order_id, user_id)
        if order is None:
            raise NotFound("Order not found")
        claimed = self.session.execute(
            update(Order).where(Order.id == order.id, Order.status.in_(["pending", "paid"])).values(status="cancelled")
        )
        if claimed.rowcount == 0:
            raise Conflict("Order cannot be cancelled any more")
        for item in order.items:
            self.session.execute(
                update(Product).where(Product.id == item.product_id).values(stock=Product.stock + item.quantity)
            )
        self.session.commit()

        if order.charge_id:
            try:
                self.payments.refund(order.charge_id)
            except Exception as error:
                logger.error("Refund of order %s failed: %s", order.id, error)
        self.session.refresh(order)
        return order


def present(order: Order) -> OrderOut:
    """Build the response body of an order."""
    return OrderOut(
        id=order.id,
        status=order.status,
        total=order.total,
        created_at=order.created_at,
        items=[
            OrderItemOut(
                product_id=item.product_id,
                product_name=item.product.name,
                quantity=item.quantity,
                price=item.price,
            )
            for item in order.items
        ],
    )
