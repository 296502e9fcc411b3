-- Keys of other systems. The secret names its site, so that it is looked up there. scopes are names, separated by spaces.
CREATE TABLE api_keys (
    site         text   COLLATE "C" NOT NULL REFERENCES sites (site),
    key_id       uuid   NOT NULL,
    name         text   COLLATE "C" NOT NULL,
    scopes       text   COLLATE "C" NOT NULL,
    secret_hash  bytea  NOT NULL,
    created_at   bigint NOT NULL,
    last_used_at bigint,
    revoked_at   bigint,
    PRIMARY KEY (site, key_id)
);
CREATE UNIQUE INDEX api_keys_by_secret ON api_keys (site, secret_hash);

-- The requests of keys that were booked, by the Idempotency-Key that they came with. body_hash is of their path and body; outcome
-- is the JSON of what was booked. Written with it, so that a request that is sent again changes nothing.
CREATE TABLE api_requests (
    site      text   COLLATE "C" NOT NULL REFERENCES sites (site),
    key_id    uuid   NOT NULL,
    request   text   COLLATE "C" NOT NULL,
    body_hash bytea  NOT NULL,
    outcome   text   COLLATE "C" NOT NULL,
    booked_at bigint NOT NULL,
    PRIMARY KEY (site, key_id, request)
);
CREATE INDEX api_requests_by_age ON api_requests (site, booked_at);
