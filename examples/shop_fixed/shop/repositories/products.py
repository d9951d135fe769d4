"""Data access for products and their reviews."""

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.models import OrderItem, Product, Review


class ProductRepository:
    """Loads and stores products."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def page(self, limit: int, offset: int) -> list[Product]:
        """Return one page of the catalogue."""
        return list(self.session.scalars(select(Product).order_by(Product.id).limit(limit).offset(offset)))

    def get(self, product_id: int) -> Product | None:
        """Return a product by its id."""
        return self.session.get(Product, product_id)

    def search(self, term: str, sort: str) -> list[Product]:
        """Return products whose name or description contains the term."""
        columns = {"name": "name", "price": "price", "newest": "id DESC"}
        order_by = columns.get(sort, "name")
        statement = text(
            "SELECT * FROM products WHERE name ILIKE :pattern OR description ILIKE :pattern "
            f"ORDER BY {order_by} LIMIT 50"
        ).bindparams(pattern=f"%{term}%")
        return list(self.session.scalars(select(Product).from_statement(statement)))

    def cheaper_than(self, price: int) -> list[Product]:
        """Return products below a price."""
        statement = text("SELECT * FROM products WHERE price < :price ORDER BY price LIMIT 50")
        return list(self.session.scalars(select(Product).from_statement(statement.bindparams(price=price))))

    def count_view(self, product_id: int) -> None:
        """Count one more view of a product page."""
        self.session.execute(update(Product).where(Product.id == product_id).values(views=Product.views + 1))
        self.session.commit()

    def restock(self, order_id: int) -> None:
        """Put the items of an order back into stock."""
        items = (
            select(OrderItem.product_id, func.sum(OrderItem.quantity).label("quantity"))
            .where(OrderItem.order_id == order_id)
            .group_by(OrderItem.product_id)
            .subquery()
        )
        self.session.execute(
            update(Product).where(Product.id == items.c.product_id).values(stock=Product.stock + items.c.quantity)
        )

    def save_review(self, product_id: int, user_id: int, stars: int, body: str) -> Review:
        """Create the user's review of a product, or replace it."""
        statement = (
            insert(Review)
            .values(product_id=product_id, user_id=user_id, stars=stars, text=body)
            .on_conflict_do_update(
                index_elements=[Review.product_id, Review.user_id],
                set_={"stars": stars, "text": body},
            )
            .returning(Review)
        )
        review = self.session.scalars(statement).one()
        self.session.commit()
        return review
