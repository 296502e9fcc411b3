-- What a large site asks for often.

-- What is odd about others because of a product that changes.
CREATE INDEX exceptions_by_other ON exceptions (site, other) WHERE deleted_at IS NULL AND other IS NOT NULL;

-- Figures for the planner, fixed as the others are.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('exceptions', 'exceptions_by_other', '100 100 1');
ANALYZE sqlite_schema;
