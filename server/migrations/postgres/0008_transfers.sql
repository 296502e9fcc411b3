-- Orders whose goods go to another site: to_site, empty for a sale. The other site expects them since arrived_at; since settled_at nothing
-- more comes there, and received is the JSON of what came.
ALTER TABLE orders ADD COLUMN to_site text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN arrived_at bigint;
ALTER TABLE orders ADD COLUMN settled_at bigint;
ALTER TABLE orders ADD COLUMN received text COLLATE "C";
CREATE INDEX orders_in_transit ON orders (site, order_id) WHERE to_site <> '' AND settled_at IS NULL;
