-- Large imports are written in slices. Until the last one, nobody else reads or writes the site's rows; an import whose
-- process has died is ended by another one.

ALTER TABLE sites ADD COLUMN is_importing INTEGER NOT NULL DEFAULT 0;

-- beats changes with every step; booked_at is the time that its rows are booked at; next is the position of the next row.
CREATE TABLE imports (
    site      TEXT    NOT NULL PRIMARY KEY REFERENCES sites (site),
    import_id BLOB    NOT NULL,
    state     TEXT    NOT NULL,
    beats     INTEGER NOT NULL,
    booked_at INTEGER NOT NULL,
    next      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- content is the JSON of a row of the files.
CREATE TABLE import_rows (
    site     TEXT    NOT NULL REFERENCES sites (site),
    position INTEGER NOT NULL,
    content  TEXT    NOT NULL,
    PRIMARY KEY (site, position)
) STRICT, WITHOUT ROWID;
