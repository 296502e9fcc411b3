-- Where a site's events are sent. A webhook has been told everything up to cursor_rev and, within that revision, up to
-- cursor_part ('~' is its end); what comes after is read from the ledger and the rows, so that a booking writes nothing here.
-- secret signs what is sent. While lease_until has not passed, one server delivers.
CREATE TABLE webhooks (
    site            text   COLLATE "C" NOT NULL REFERENCES sites (site),
    webhook_id      uuid   NOT NULL,
    url             text   COLLATE "C" NOT NULL,
    secret          text   COLLATE "C" NOT NULL,
    events          text   COLLATE "C" NOT NULL,
    created_at      bigint NOT NULL,
    cursor_rev      bigint NOT NULL,
    cursor_part     text   COLLATE "C" NOT NULL,
    failures        bigint NOT NULL DEFAULT 0,
    failing_since   bigint,
    next_attempt_at bigint NOT NULL DEFAULT 0,
    last_error      text   COLLATE "C" NOT NULL DEFAULT '',
    delivered_at    bigint,
    dead_at         bigint,
    lease_owner     uuid,
    lease_until     bigint,
    PRIMARY KEY (site, webhook_id)
);
