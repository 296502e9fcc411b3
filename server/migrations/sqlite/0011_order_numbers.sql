-- Not unique: earlier builds booked orders of the same number.
CREATE INDEX IF NOT EXISTS orders_by_number ON orders (site, number);
