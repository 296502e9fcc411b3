-- One index finds the history of a product and of a lot: each entry that is booked is written to one index less.
DROP INDEX ledger_by_lot;
DROP INDEX ledger_by_product;
CREATE INDEX ledger_by_product ON stock_ledger (site, product_id, rev, line, lot_id);

DELETE FROM sqlite_stat1 WHERE idx IN ('ledger_by_lot', 'ledger_by_product');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('stock_ledger', 'ledger_by_product', '1000000 1000000 10 10 1 1');
ANALYZE sqlite_schema;
