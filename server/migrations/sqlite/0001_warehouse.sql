-- Every table is keyed by site first, so that sites can be spread over machines one day.
-- Revisions come from sites.rev, taken inside the writing transaction. Times are milliseconds since 1970 (UTC).

CREATE TABLE sites (
    site       TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    epoch      BLOB    NOT NULL,
    rev        INTEGER NOT NULL DEFAULT 0,
    purged_rev INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- sku_key and barcode_key are the spellings that are compared; field_revs says who last changed which field, and when.
CREATE TABLE products (
    site        TEXT    NOT NULL REFERENCES sites (site),
    product_id  BLOB    NOT NULL,
    sku         TEXT    NOT NULL,
    sku_key     TEXT    NOT NULL,
    barcode     TEXT    NOT NULL,
    barcode_key TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    unit        TEXT    NOT NULL,
    price_minor INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    family      TEXT    NOT NULL,
    variant     TEXT    NOT NULL,
    rev         INTEGER NOT NULL,
    field_revs  TEXT    NOT NULL,
    deleted_at  INTEGER,
    PRIMARY KEY (site, product_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX products_by_sku ON products (site, sku_key) WHERE deleted_at IS NULL;
CREATE INDEX products_by_barcode ON products (site, barcode_key) WHERE barcode_key <> '';
CREATE INDEX products_by_rev ON products (site, rev);
CREATE INDEX products_by_deletion ON products (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- A row is one lot at one location. Quantities are thousandths of the product's unit.
CREATE TABLE inventory_lots (
    site        TEXT    NOT NULL,
    product_id  BLOB    NOT NULL,
    lot_id      BLOB    NOT NULL,
    lot_code    TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    quantity    INTEGER NOT NULL,
    status      TEXT    NOT NULL,
    expires_on  TEXT,
    received_on TEXT,
    rev         INTEGER NOT NULL,
    field_revs  TEXT    NOT NULL,
    deleted_at  INTEGER,
    PRIMARY KEY (site, product_id, lot_id),
    FOREIGN KEY (site, product_id) REFERENCES products (site, product_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lots_by_status ON inventory_lots (site, status) WHERE deleted_at IS NULL;
CREATE INDEX lots_by_rev ON inventory_lots (site, rev);
CREATE INDEX lots_by_deletion ON inventory_lots (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- The sum of a lot's deltas is its quantity. It refers to no row, because it outlives deleted products and lots.
CREATE TABLE stock_ledger (
    site        TEXT    NOT NULL REFERENCES sites (site),
    rev         INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    product_id  BLOB    NOT NULL,
    lot_id      BLOB    NOT NULL,
    lot_code    TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    delta       INTEGER NOT NULL,
    movement    TEXT    NOT NULL,
    note        TEXT    NOT NULL,
    mutation_id BLOB,
    client      BLOB,
    author      TEXT    NOT NULL,
    captured_at INTEGER NOT NULL,
    booked_at   INTEGER NOT NULL,
    PRIMARY KEY (site, rev, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_by_lot ON stock_ledger (site, product_id, lot_id);
CREATE TRIGGER stock_ledger_keeps_entries BEFORE UPDATE ON stock_ledger
BEGIN
    SELECT RAISE (ABORT, 'the stock ledger is append-only: book a correcting entry');
END;
CREATE TRIGGER stock_ledger_loses_nothing BEFORE DELETE ON stock_ledger
BEGIN
    SELECT RAISE (ABORT, 'the stock ledger is append-only: book a correcting entry');
END;

CREATE TABLE orders (
    site        TEXT    NOT NULL REFERENCES sites (site),
    order_id    BLOB    NOT NULL,
    number      TEXT    NOT NULL,
    currency    TEXT    NOT NULL,
    total_minor INTEGER NOT NULL,
    rev         INTEGER NOT NULL,
    mutation_id BLOB    NOT NULL,
    client      BLOB    NOT NULL,
    author      TEXT    NOT NULL,
    captured_at INTEGER NOT NULL,
    booked_at   INTEGER NOT NULL,
    PRIMARY KEY (site, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_rev ON orders (site, rev);

CREATE TABLE order_lines (
    site             TEXT    NOT NULL,
    order_id         BLOB    NOT NULL,
    line             INTEGER NOT NULL,
    product_id       BLOB    NOT NULL,
    lot_id           BLOB    NOT NULL,
    lot_code         TEXT    NOT NULL,
    location         TEXT    NOT NULL,
    quantity         INTEGER NOT NULL,
    unit_price_minor INTEGER NOT NULL,
    PRIMARY KEY (site, order_id, line),
    FOREIGN KEY (site, order_id) REFERENCES orders (site, order_id)
) STRICT, WITHOUT ROWID;

-- What a supervisor has to look at.
CREATE TABLE exceptions (
    site        TEXT    NOT NULL REFERENCES sites (site),
    rev         INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    product_id  BLOB    NOT NULL,
    lot_id      BLOB    NOT NULL,
    lot_code    TEXT    NOT NULL,
    location    TEXT    NOT NULL,
    quantity    INTEGER NOT NULL,
    basis       INTEGER,
    mutation_id BLOB    NOT NULL,
    client      BLOB    NOT NULL,
    author      TEXT    NOT NULL,
    booked_at   INTEGER NOT NULL,
    resolved_at INTEGER,
    PRIMARY KEY (site, rev, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    site         TEXT    NOT NULL REFERENCES sites (site),
    device       BLOB    NOT NULL,
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    token_hash   BLOB    NOT NULL,
    enrolled_at  INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    revoked_at   INTEGER,
    PRIMARY KEY (site, device)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX devices_by_token ON devices (token_hash);
CREATE UNIQUE INDEX devices_by_prefix ON devices (site, prefix);

CREATE TABLE enrolment_codes (
    site        TEXT    NOT NULL REFERENCES sites (site),
    code_hash   BLOB    NOT NULL,
    device_name TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER,
    PRIMARY KEY (site, code_hash)
) STRICT, WITHOUT ROWID;

-- A client is one life of one device's database.
CREATE TABLE clients (
    site    TEXT    NOT NULL REFERENCES sites (site),
    client  BLOB    NOT NULL,
    device  BLOB    NOT NULL,
    max_seq INTEGER NOT NULL,
    PRIMARY KEY (site, client)
) STRICT, WITHOUT ROWID;

-- The stored outcome of every mutation: written with its effects, read again when it is sent again.
CREATE TABLE receipts (
    site        TEXT    NOT NULL REFERENCES sites (site),
    client      BLOB    NOT NULL,
    seq         INTEGER NOT NULL,
    mutation_id BLOB    NOT NULL,
    verdict     TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    touched     TEXT    NOT NULL,
    booked_at   INTEGER NOT NULL,
    PRIMARY KEY (site, client, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX receipts_by_mutation ON receipts (site, mutation_id);

-- Every index begins with the site, and the planner takes a column it has no figures on for selective: it would read a
-- whole site where it could look up one row. These are the figures of a large site (rows in the index, then rows that agree
-- in its first column, in the first two, ...). They are fixed, so that plans do not change with the data.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('products', 'products', '100000 100000 1'),
    ('products', 'products_by_sku', '100000 100000 1'),
    ('products', 'products_by_barcode', '100000 100000 1'),
    ('products', 'products_by_rev', '100000 100000 100'),
    ('products', 'products_by_deletion', '1000 1000 1'),
    ('inventory_lots', 'inventory_lots', '200000 200000 3 1'),
    ('inventory_lots', 'lots_by_status', '200000 200000 50000'),
    ('inventory_lots', 'lots_by_rev', '200000 200000 40'),
    ('inventory_lots', 'lots_by_deletion', '1000 1000 1'),
    ('stock_ledger', 'stock_ledger', '1000000 1000000 3 1'),
    ('stock_ledger', 'ledger_by_lot', '1000000 1000000 10 3'),
    ('orders', 'orders', '100000 100000 1'),
    ('orders', 'orders_by_rev', '100000 100000 1'),
    ('order_lines', 'order_lines', '300000 300000 3 1'),
    ('exceptions', 'exceptions', '10000 10000 1 1'),
    ('receipts', 'receipts', '1000000 1000000 10000 1'),
    ('receipts', 'receipts_by_mutation', '1000000 1000000 1'),
    ('devices', 'devices', '100 100 1'),
    ('devices', 'devices_by_prefix', '100 100 1'),
    ('devices', 'devices_by_token', '100 1'),
    ('clients', 'clients', '300 300 1'),
    ('enrolment_codes', 'enrolment_codes', '100 100 1');
ANALYZE sqlite_schema;
