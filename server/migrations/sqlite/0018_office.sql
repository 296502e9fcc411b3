-- The office: accounts of people who sign in with a password, of the company and not of a site. login_key is the name in the spelling
-- that is compared. An account without password_hash has not been used yet; that of a closed one is kept out by closed_at.
CREATE TABLE office_accounts (
    account_id    BLOB    NOT NULL PRIMARY KEY,
    login         TEXT    NOT NULL,
    login_key     TEXT    NOT NULL,
    password_hash TEXT,
    created_at    INTEGER NOT NULL,
    closed_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX office_accounts_by_login ON office_accounts (login_key);

-- The role of an account at a site, or at all of them where site is empty.
CREATE TABLE office_roles (
    account_id BLOB NOT NULL REFERENCES office_accounts (account_id),
    site       TEXT NOT NULL,
    role       TEXT NOT NULL,
    PRIMARY KEY (account_id, site)
) STRICT, WITHOUT ROWID;

-- One-time links with which an account gets a password.
CREATE TABLE office_links (
    link_hash  BLOB    NOT NULL PRIMARY KEY,
    account_id BLOB    NOT NULL REFERENCES office_accounts (account_id),
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

-- Where accounts are signed in. client is what the browser calls itself.
CREATE TABLE office_sessions (
    session_id   BLOB    NOT NULL PRIMARY KEY,
    account_id   BLOB    NOT NULL REFERENCES office_accounts (account_id),
    token_hash   BLOB    NOT NULL,
    client       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX office_sessions_by_token ON office_sessions (token_hash);
CREATE INDEX office_sessions_by_account ON office_sessions (account_id);

-- Every act of administration, written with it. site is NULL for what is of the company, login the name at that time.
CREATE TABLE office_log (
    at         INTEGER NOT NULL,
    entry_id   BLOB    NOT NULL,
    site       TEXT,
    account_id BLOB,
    login      TEXT    NOT NULL,
    act        TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    PRIMARY KEY (at, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX office_log_by_site ON office_log (site, at, entry_id);
CREATE TRIGGER office_log_keeps_entries BEFORE UPDATE ON office_log
BEGIN
    SELECT RAISE (ABORT, 'the log of the office is append-only');
END;
CREATE TRIGGER office_log_loses_nothing BEFORE DELETE ON office_log
BEGIN
    SELECT RAISE (ABORT, 'the log of the office is append-only');
END;
