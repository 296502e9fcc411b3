-- The site's revision after each decision: a reversal is compared with the counts since the mutation that it reverses.
ALTER TABLE receipts ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;
UPDATE receipts SET rev = booked.rev
FROM (SELECT site, mutation_id, max(rev) AS rev FROM stock_ledger WHERE mutation_id IS NOT NULL GROUP BY site, mutation_id)
    AS booked
WHERE receipts.site = booked.site AND receipts.mutation_id = booked.mutation_id;
