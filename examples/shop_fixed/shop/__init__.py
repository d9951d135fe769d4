"""A small shop: catalogue, wallet, coupons, orders and card payments."""
