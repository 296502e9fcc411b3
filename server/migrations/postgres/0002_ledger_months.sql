-- The entries of a product in an old month, packed. They are in the ledger no longer.
CREATE TABLE ledger_months (
    site       text   COLLATE "C" NOT NULL REFERENCES sites (site),
    product_id uuid   NOT NULL,
    month      text   COLLATE "C" NOT NULL,
    first_rev  bigint NOT NULL,
    last_rev   bigint NOT NULL,
    body       bytea  NOT NULL,
    PRIMARY KEY (site, product_id, month)
);

-- Entries up to this revision are in ledger_months.
ALTER TABLE sites ADD COLUMN archived_rev bigint NOT NULL DEFAULT 0;
