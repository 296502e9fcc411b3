-- People of a site, as devices hold them. badge is the keyed hash of the badge's code; pin is the JSON of the check of the PIN. roles is
-- the JSON of the roles that the person had, each with the revision that it began with: work is judged by the role at its recording.
CREATE TABLE people (
    site       TEXT    NOT NULL REFERENCES sites (site),
    person_id  BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    initials   TEXT    NOT NULL,
    badge      BLOB,
    pin        TEXT,
    language   TEXT    NOT NULL,
    role       TEXT    NOT NULL,
    active     INTEGER NOT NULL,
    roles      TEXT    NOT NULL DEFAULT '[]',
    rev        INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (site, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX people_by_rev ON people (site, rev);
CREATE INDEX people_by_deletion ON people (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- Settings that limit work, as devices hold them.
CREATE TABLE site_settings (
    site       TEXT    NOT NULL REFERENCES sites (site),
    code       TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    rev        INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (site, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX site_settings_by_rev ON site_settings (site, rev);
CREATE INDEX site_settings_by_deletion ON site_settings (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- Whether anybody of the site's people is active.
ALTER TABLE sites ADD COLUMN has_people INTEGER NOT NULL DEFAULT 0;
