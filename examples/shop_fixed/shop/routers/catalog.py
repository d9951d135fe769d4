"""Products, search and reviews."""

from typing import Annotated

from fastapi import APIRouter, Query

from shop.errors import NotFound
from shop.repositories.products import ProductRepository
from shop.schemas import ProductOut, ReviewIn, ReviewOut, ShippingQuote
from shop.security import CurrentUser, DatabaseSession
from shop.services import cache, shipping

router = APIRouter(tags=["catalog"])


@router.get("/products", response_model=list[ProductOut])
def list_products(
    session: DatabaseSession,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
):
    """Return one page of the catalogue, from the cache if possible."""
    key = f"products:{limit}:{offset}"
    page = cache.get_page(key)
    if page is None:
        products = ProductRepository(session).page(limit, offset)
        page = [ProductOut.model_validate(product).model_dump() for product in products]
        cache.put_page(key, page)
    return page


@router.get("/products/search", response_model=list[ProductOut])
def search_products(session: DatabaseSession, q: str, sort: str = "name"):
    """Search products by name and description."""
    return ProductRepository(session).search(q, sort)


@router.get("/products/bargains", response_model=list[ProductOut])
def bargains(session: DatabaseSession, below: Annotated[int, Query(gt=0)] = 1000):
    """Return products below a price."""
    return ProductRepository(session).cheaper_than(below)


@router.get("/products/{product_id}", response_model=ProductOut)
def get_product(product_id: int, session: DatabaseSession):
    """Return one product and count the view."""
    products = ProductRepository(session)
    product = products.get(product_id)
    if product is None:
        raise NotFound("Product not found")
    products.count_view(product_id)
    return product


@router.put("/products/{product_id}/review", response_model=ReviewOut)
def review_product(product_id: int, body: ReviewIn, session: DatabaseSession, user: CurrentUser):
    """Write or replace the current user's review."""
    products = ProductRepository(session)
    if products.get(product_id) is None:
        raise NotFound("Product not found")
    return products.save_review(product_id, user.id, body.stars, body.text)


@router.get("/shipping/quote")
def shipping_quote(
    country: Annotated[str, Query(min_length=2, max_length=2)],
    weight: Annotated[int, Query(gt=0, le=30_000)],
) -> ShippingQuote:
    """Return the carrier's price for a parcel."""
    return shipping.get_quote(country, weight)
