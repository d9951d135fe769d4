-- Two customers and an administrator. Their password is "a long password"; their access tokens are anna-token,
-- ben-token and admin-token.
INSERT INTO users (id, email, password_hash, is_admin)
  SELECT id, name || '@example.com', '5f1d0c3a9b7e42688d21c4f0a7be9630$16aa59adab2abc7cb6f03409cc9466af4d0aacff7497423ba558486617ac99c33954e9a1f319a1a47c16911c46bb1275e2a26c000a212a2dd28ea66d8ac49367', name = 'admin'
  FROM (VALUES (1, 'anna'), (2, 'ben'), (3, 'admin')) AS person (id, name);
INSERT INTO access_tokens (user_id, token_hash)
  SELECT id, encode(sha256(convert_to(split_part(email, '@', 1) || '-token', 'UTF8')), 'hex') FROM users;
INSERT INTO wallets (user_id, balance) VALUES (1, 10000), (2, 10000), (3, 0);
INSERT INTO products (id, name, description, price, stock, views) VALUES
  (1, 'Teapot', 'Holds one litre', 2900, 5, 0),
  (2, 'Cup', 'White porcelain', 650, 100, 0),
  (3, 'Green tea', '100 g, loose leaves', 890, 40, 0);
INSERT INTO coupons (code, credit) VALUES ('WELCOME', 500), ('SPRING', 1000);
INSERT INTO orders (id, user_id, status, total, charge_id) VALUES
  (1, 1, 'pending', 4200, NULL), (2, 1, 'paid', 890, 'charge-2'), (3, 2, 'pending', 2900, NULL);
INSERT INTO order_items (order_id, product_id, quantity, price) VALUES
  (1, 1, 1, 2900), (1, 2, 2, 650), (2, 3, 1, 890), (3, 1, 1, 2900);
SELECT setval(pg_get_serial_sequence(name, 'id'), 100) FROM unnest(ARRAY['users', 'products', 'orders']) AS name;
