-- Edits of products: the changed fields as JSON, with their values before and after. Like the ledger, it refers to no
-- row, because it outlives deleted products. An import has no mutation and no client.
CREATE TABLE product_edits (
    site        TEXT    NOT NULL REFERENCES sites (site),
    rev         INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    product_id  BLOB    NOT NULL,
    before      TEXT    NOT NULL,
    after       TEXT    NOT NULL,
    mutation_id BLOB,
    client      BLOB,
    author      TEXT    NOT NULL,
    captured_at INTEGER NOT NULL,
    booked_at   INTEGER NOT NULL,
    PRIMARY KEY (site, rev, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX edits_by_product ON product_edits (site, product_id, rev);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('product_edits', 'product_edits', '100000 100000 10 1'),
    ('product_edits', 'edits_by_product', '100000 100000 10 10');
ANALYZE sqlite_schema;
