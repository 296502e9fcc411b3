-- People of a site, as devices hold them. badge is the keyed hash of the badge's code; pin is the JSON of the check of the PIN. roles is
-- the JSON of the roles that the person had, each with the revision that it began with: work is judged by the role at its recording.
CREATE TABLE people (
    site       text    COLLATE "C" NOT NULL REFERENCES sites (site),
    person_id  uuid    NOT NULL,
    name       text    COLLATE "C" NOT NULL,
    initials   text    COLLATE "C" NOT NULL,
    badge      uuid,
    pin        text    COLLATE "C",
    language   text    COLLATE "C" NOT NULL,
    role       text    COLLATE "C" NOT NULL,
    active     boolean NOT NULL,
    roles      text    COLLATE "C" NOT NULL DEFAULT '[]',
    rev        bigint  NOT NULL,
    deleted_at bigint,
    PRIMARY KEY (site, person_id)
);
CREATE INDEX people_by_rev ON people (site, rev);
CREATE INDEX people_by_deletion ON people (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- Settings that limit work, as devices hold them.
CREATE TABLE site_settings (
    site       text   COLLATE "C" NOT NULL REFERENCES sites (site),
    code       text   COLLATE "C" NOT NULL,
    value      text   COLLATE "C" NOT NULL,
    rev        bigint NOT NULL,
    deleted_at bigint,
    PRIMARY KEY (site, code)
);
CREATE INDEX site_settings_by_rev ON site_settings (site, rev);
CREATE INDEX site_settings_by_deletion ON site_settings (site, deleted_at) WHERE deleted_at IS NOT NULL;

-- Whether anybody of the site's people is active.
ALTER TABLE sites ADD COLUMN has_people boolean NOT NULL DEFAULT false;
