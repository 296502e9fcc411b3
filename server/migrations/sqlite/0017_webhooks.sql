-- Where a site's events are sent. A webhook has been told everything up to cursor_rev and, within that revision, up to
-- cursor_part ('~' is its end); what comes after is read from the ledger and the rows, so that a booking writes nothing here.
-- secret signs what is sent. While lease_until has not passed, one server delivers.
CREATE TABLE webhooks (
    site            TEXT    NOT NULL REFERENCES sites (site),
    webhook_id      BLOB    NOT NULL,
    url             TEXT    NOT NULL,
    secret          TEXT    NOT NULL,
    events          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    cursor_rev      INTEGER NOT NULL,
    cursor_part     TEXT    NOT NULL,
    failures        INTEGER NOT NULL DEFAULT 0,
    failing_since   INTEGER,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    last_error      TEXT    NOT NULL DEFAULT '',
    delivered_at    INTEGER,
    dead_at         INTEGER,
    lease_owner     BLOB,
    lease_until     INTEGER,
    PRIMARY KEY (site, webhook_id)
) STRICT, WITHOUT ROWID;
