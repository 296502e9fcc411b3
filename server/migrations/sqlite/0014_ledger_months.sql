-- The entries of a product in an old month, packed. They are in the ledger no longer.
CREATE TABLE ledger_months (
    site       TEXT    NOT NULL REFERENCES sites (site),
    product_id BLOB    NOT NULL,
    month      TEXT    NOT NULL,
    first_rev  INTEGER NOT NULL,
    last_rev   INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    PRIMARY KEY (site, product_id, month)
) STRICT;

-- Entries up to this revision are in ledger_months.
ALTER TABLE sites ADD COLUMN archived_rev INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER stock_ledger_loses_nothing;
CREATE TRIGGER stock_ledger_loses_nothing BEFORE DELETE ON stock_ledger
WHEN OLD.rev > (SELECT archived_rev FROM sites WHERE site = OLD.site)
BEGIN
    SELECT RAISE (ABORT, 'the stock ledger is append-only: book a correcting entry');
END;
