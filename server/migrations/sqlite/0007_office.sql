-- Unknown codes, and changes that were not booked: devices hold them as they hold exceptions. booked_at is the server's
-- clock at the last change, for the retention.

-- code is the spelling that is compared; devices is the JSON of the row's devices.
CREATE TABLE unknown_codes (
    site       TEXT    NOT NULL REFERENCES sites (site),
    code       TEXT    NOT NULL,
    times      INTEGER NOT NULL,
    devices    TEXT    NOT NULL,
    booked_at  INTEGER NOT NULL,
    rev        INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (site, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX unknown_codes_by_rev ON unknown_codes (site, rev);
CREATE INDEX unknown_codes_by_deletion ON unknown_codes (site, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX unknown_codes_by_age ON unknown_codes (site, booked_at) WHERE deleted_at IS NULL;

-- One for each mutation that was refused and that nobody has settled since. action is its JSON, empty if there is none.
CREATE TABLE conflicts (
    site        TEXT    NOT NULL REFERENCES sites (site),
    mutation_id BLOB    NOT NULL,
    verdict     TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    message     TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    captured_at INTEGER NOT NULL,
    booked_at   INTEGER NOT NULL,
    rev         INTEGER NOT NULL,
    deleted_at  INTEGER,
    PRIMARY KEY (site, mutation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conflicts_by_rev ON conflicts (site, rev);
CREATE INDEX conflicts_by_deletion ON conflicts (site, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX conflicts_by_age ON conflicts (site, booked_at) WHERE deleted_at IS NULL;

-- Figures for the planner, fixed as the others are.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('unknown_codes', 'unknown_codes', '1000 1000 1'),
    ('unknown_codes', 'unknown_codes_by_rev', '1000 1000 1'),
    ('unknown_codes', 'unknown_codes_by_deletion', '100 100 1'),
    ('unknown_codes', 'unknown_codes_by_age', '1000 1000 1'),
    ('conflicts', 'conflicts', '1000 1000 1'),
    ('conflicts', 'conflicts_by_rev', '1000 1000 1'),
    ('conflicts', 'conflicts_by_deletion', '100 100 1'),
    ('conflicts', 'conflicts_by_age', '1000 1000 1');
ANALYZE sqlite_schema;
