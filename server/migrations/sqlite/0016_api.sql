-- Keys of other systems. The secret names its site, so that it is looked up there. scopes are names, separated by spaces.
CREATE TABLE api_keys (
    site         TEXT    NOT NULL REFERENCES sites (site),
    key_id       BLOB    NOT NULL,
    name         TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    secret_hash  BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    PRIMARY KEY (site, key_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_by_secret ON api_keys (site, secret_hash);

-- The requests of keys that were booked, by the Idempotency-Key that they came with. body_hash is of their path and body; outcome
-- is the JSON of what was booked. Written with it, so that a request that is sent again changes nothing.
CREATE TABLE api_requests (
    site      TEXT    NOT NULL REFERENCES sites (site),
    key_id    BLOB    NOT NULL,
    request   TEXT    NOT NULL,
    body_hash BLOB    NOT NULL,
    outcome   TEXT    NOT NULL,
    booked_at INTEGER NOT NULL,
    PRIMARY KEY (site, key_id, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_requests_by_age ON api_requests (site, booked_at);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('api_requests', 'api_requests_by_age', '1000000 1000000 10');
ANALYZE sqlite_schema;
