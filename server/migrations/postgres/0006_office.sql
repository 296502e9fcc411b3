-- The office: accounts of people who sign in with a password, of the company and not of a site. login_key is the name in the spelling
-- that is compared. An account without password_hash has not been used yet; that of a closed one is kept out by closed_at.
CREATE TABLE office_accounts (
    account_id    uuid   NOT NULL PRIMARY KEY,
    login         text   COLLATE "C" NOT NULL,
    login_key     text   COLLATE "C" NOT NULL,
    password_hash text   COLLATE "C",
    created_at    bigint NOT NULL,
    closed_at     bigint
);
CREATE UNIQUE INDEX office_accounts_by_login ON office_accounts (login_key);

-- The role of an account at a site, or at all of them where site is empty.
CREATE TABLE office_roles (
    account_id uuid NOT NULL REFERENCES office_accounts (account_id),
    site       text COLLATE "C" NOT NULL,
    role       text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, site)
);

-- One-time links with which an account gets a password.
CREATE TABLE office_links (
    link_hash  bytea  NOT NULL PRIMARY KEY,
    account_id uuid   NOT NULL REFERENCES office_accounts (account_id),
    expires_at bigint NOT NULL,
    used_at    bigint
);

-- Where accounts are signed in. client is what the browser calls itself.
CREATE TABLE office_sessions (
    session_id   uuid   NOT NULL PRIMARY KEY,
    account_id   uuid   NOT NULL REFERENCES office_accounts (account_id),
    token_hash   bytea  NOT NULL,
    client       text   COLLATE "C" NOT NULL,
    created_at   bigint NOT NULL,
    last_used_at bigint NOT NULL,
    ended_at     bigint
);
CREATE UNIQUE INDEX office_sessions_by_token ON office_sessions (token_hash);
CREATE INDEX office_sessions_by_account ON office_sessions (account_id);

-- Every act of administration, written with it. site is NULL for what is of the company, login the name at that time.
CREATE TABLE office_log (
    at         bigint NOT NULL,
    entry_id   uuid   NOT NULL,
    site       text   COLLATE "C",
    account_id uuid,
    login      text   COLLATE "C" NOT NULL,
    act        text   COLLATE "C" NOT NULL,
    subject    text   COLLATE "C" NOT NULL,
    PRIMARY KEY (at, entry_id)
);
CREATE INDEX office_log_by_site ON office_log (site, at, entry_id);
-- The log is append-only.
REVOKE UPDATE, DELETE, TRUNCATE ON office_log FROM CURRENT_USER;
