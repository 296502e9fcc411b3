-- Lots are found by the code that is printed on them. Case does not matter, as in a lot's id.
CREATE INDEX lots_by_code ON inventory_lots (site, lot_code COLLATE NOCASE) WHERE deleted_at IS NULL;

-- Figures for the planner, fixed as the others are.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('inventory_lots', 'lots_by_code', '200000 200000 4');
ANALYZE sqlite_schema;
