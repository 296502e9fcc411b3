-- SKUs and lot codes are compared in one spelling: domain::key_text. This is enough for ASCII lot codes; rekey.rs does the
-- other rows.

-- sku_twin is the product's id where another product has the same SKU in that spelling, from the time when case counted.
ALTER TABLE products ADD COLUMN sku_twin TEXT NOT NULL DEFAULT '';
DROP INDEX products_by_sku;
CREATE UNIQUE INDEX products_by_sku ON products (site, sku_key, sku_twin) WHERE deleted_at IS NULL;

ALTER TABLE inventory_lots ADD COLUMN code_key TEXT NOT NULL DEFAULT '';
UPDATE inventory_lots SET code_key = upper(lot_code);
DROP INDEX lots_by_code;
CREATE INDEX lots_by_code ON inventory_lots (site, code_key) WHERE deleted_at IS NULL;

-- Figures for the planner, fixed as the others are.
DELETE FROM sqlite_stat1 WHERE idx IN ('products_by_sku', 'lots_by_code');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('products', 'products_by_sku', '100000 100000 1 1'),
    ('inventory_lots', 'lots_by_code', '200000 200000 4');
ANALYZE sqlite_schema;
