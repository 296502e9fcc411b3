-- Deliveries that came short, histories that show what people decided, and indexes that a large site needs.

-- closed says that nothing more comes, whatever is missing.
ALTER TABLE deliveries ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;

-- What did not come of a delivery that was closed: a line for each product of which less came than was expected.
CREATE TABLE shortages (
    site        TEXT    NOT NULL REFERENCES sites (site),
    rev         INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    delivery_id BLOB    NOT NULL,
    number      TEXT    NOT NULL,
    product_id  BLOB    NOT NULL,
    expected    INTEGER NOT NULL,
    received    INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    mutation_id BLOB    NOT NULL,
    client      BLOB    NOT NULL,
    author      TEXT    NOT NULL,
    captured_at INTEGER NOT NULL,
    booked_at   INTEGER NOT NULL,
    PRIMARY KEY (site, rev, line)
) STRICT, WITHOUT ROWID;

-- A product's history, newest first.
CREATE INDEX ledger_by_product ON stock_ledger (site, product_id, rev, line);
CREATE INDEX resolutions_by_product ON resolutions (site, product_id, rev);
CREATE INDEX shortages_by_product ON shortages (site, product_id, rev);
-- The few deliveries that are open, beside all that ever came.
CREATE INDEX deliveries_open ON deliveries (site, delivery_id) WHERE is_open AND deleted_at IS NULL;
-- What is odd about others because of a product that changes.
CREATE INDEX exceptions_by_other ON exceptions (site, other) WHERE deleted_at IS NULL AND other IS NOT NULL;

-- Figures for the planner, fixed as the others are. The log that was called so before left its own for exceptions.
DELETE FROM sqlite_stat1 WHERE tbl = 'exceptions' AND idx = 'exceptions' AND stat = '10000 10000 1 1';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('stock_ledger', 'ledger_by_product', '1000000 1000000 10 10 1'),
    ('resolutions', 'resolutions_by_product', '10000 10000 10 1'),
    ('shortages', 'shortages', '10000 10000 10 1'),
    ('shortages', 'shortages_by_product', '10000 10000 10 10'),
    ('deliveries', 'deliveries_open', '100 100 1'),
    ('exceptions', 'exceptions_by_other', '100 100 1');
ANALYZE sqlite_schema;
