-- The highest seq whose outcome a client has: it does not ask for the receipts up to there any more.
ALTER TABLE clients ADD COLUMN acknowledged_seq INTEGER NOT NULL DEFAULT 0;

-- Old receipts are deleted.
CREATE INDEX receipts_by_age ON receipts (site, booked_at);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('receipts', 'receipts_by_age', '1000000 1000000 10');
ANALYZE sqlite_schema;
