-- Expected deliveries, and exceptions that devices hold, too.

-- lines is the JSON of the row's lines. is_open says whether something is still to come: devices hold only those.
CREATE TABLE deliveries (
    site        TEXT    NOT NULL REFERENCES sites (site),
    delivery_id BLOB    NOT NULL,
    number      TEXT    NOT NULL,
    supplier    TEXT    NOT NULL,
    expected_on TEXT,
    lines       TEXT    NOT NULL,
    is_open     INTEGER NOT NULL,
    rev         INTEGER NOT NULL,
    deleted_at  INTEGER,
    PRIMARY KEY (site, delivery_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_rev ON deliveries (site, rev);
CREATE INDEX deliveries_by_deletion ON deliveries (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- One of a kind for a lot, or for a product: then lot_id is nil, and its code and location are empty. It refers to no row,
-- because stock work is booked on deleted products, too. raised_at is the device's clock.
ALTER TABLE exceptions RENAME TO exceptions_log;
CREATE TABLE exceptions (
    site       TEXT    NOT NULL REFERENCES sites (site),
    product_id BLOB    NOT NULL,
    lot_id     BLOB    NOT NULL,
    kind       TEXT    NOT NULL,
    lot_code   TEXT    NOT NULL,
    location   TEXT    NOT NULL,
    other      BLOB,
    before     INTEGER NOT NULL,
    after      INTEGER NOT NULL,
    basis      INTEGER,
    author     TEXT    NOT NULL,
    raised_at  INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (site, product_id, lot_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX exceptions_by_rev ON exceptions (site, rev);
CREATE INDEX exceptions_by_deletion ON exceptions (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- What the log has that is still so: lots below zero, and lots that nobody has counted since. The last entry of a kind wins.
INSERT OR REPLACE INTO exceptions
    (site, product_id, lot_id, kind, lot_code, location, before, after, basis, author, raised_at, rev)
SELECT
    log.site, log.product_id, log.lot_id, log.kind, log.lot_code, log.location,
    CASE log.kind WHEN 'below_zero' THEN log.quantity - entry.delta ELSE log.quantity END,
    CASE log.kind WHEN 'below_zero' THEN log.quantity ELSE log.quantity + entry.delta END,
    log.basis, log.author, log.booked_at, log.rev
FROM exceptions_log AS log
JOIN stock_ledger AS entry
    ON entry.site = log.site AND entry.rev = log.rev
    AND entry.line = (
        SELECT max(line) FROM stock_ledger AS own
        WHERE own.site = log.site AND own.rev = log.rev AND own.line < log.line
    )
WHERE log.resolved_at IS NULL AND CASE log.kind
    WHEN 'below_zero' THEN EXISTS (
        SELECT 1 FROM inventory_lots AS lot
        WHERE lot.site = log.site AND lot.product_id = log.product_id AND lot.lot_id = log.lot_id
        AND lot.deleted_at IS NULL AND lot.quantity < 0
    )
    ELSE NOT EXISTS (
        SELECT 1 FROM stock_ledger AS later
        WHERE later.site = log.site AND later.product_id = log.product_id AND later.lot_id = log.lot_id
        AND later.movement = 'count' AND later.rev > log.rev
    )
END
ORDER BY log.rev, log.line;
DROP TABLE exceptions_log;

-- Who looked at an exception, and what came of it.
CREATE TABLE resolutions (
    site        TEXT    NOT NULL REFERENCES sites (site),
    rev         INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    product_id  BLOB    NOT NULL,
    lot_id      BLOB    NOT NULL,
    lot_code    TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    mutation_id BLOB    NOT NULL,
    client      BLOB    NOT NULL,
    author      TEXT    NOT NULL,
    captured_at INTEGER NOT NULL,
    booked_at   INTEGER NOT NULL,
    PRIMARY KEY (site, rev, line)
) STRICT, WITHOUT ROWID;

-- Figures for the planner, fixed as the others are.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('deliveries', 'deliveries', '1000 1000 1'),
    ('deliveries', 'deliveries_by_rev', '1000 1000 1'),
    ('deliveries', 'deliveries_by_deletion', '100 100 1'),
    ('exceptions', 'exceptions', '1000 1000 2 1 1'),
    ('exceptions', 'exceptions_by_rev', '1000 1000 1'),
    ('exceptions', 'exceptions_by_deletion', '100 100 1'),
    ('resolutions', 'resolutions', '10000 10000 1 1');
ANALYZE sqlite_schema;
