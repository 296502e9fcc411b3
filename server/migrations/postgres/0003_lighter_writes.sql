-- One index finds the history of a product and of a lot, and only lots that are not available are listed by status: every
-- movement writes its lot to all of the lot's indexes.
DROP INDEX ledger_by_lot;
DROP INDEX ledger_by_product;
CREATE INDEX ledger_by_product ON stock_ledger (site, product_id, rev, line, lot_id);
DROP INDEX lots_by_status;
CREATE INDEX lots_by_status ON inventory_lots (site, status, product_id, lot_id)
    WHERE deleted_at IS NULL AND status <> 'available';

-- Whoever books a batch has locked the row of its site: looking it up again for each entry and receipt finds nothing out.
ALTER TABLE stock_ledger DROP CONSTRAINT stock_ledger_site_fkey;
ALTER TABLE receipts DROP CONSTRAINT receipts_site_fkey;
