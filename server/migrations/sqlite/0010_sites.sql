-- When the epoch last changed because a device proved that the data was restored, by the server's clock; and whether such a
-- proof came too soon after that, so that the next change is due.
ALTER TABLE sites ADD COLUMN epoch_renewed_at INTEGER;
ALTER TABLE sites ADD COLUMN epoch_is_due INTEGER NOT NULL DEFAULT 0;

-- Backups gave all sites one epoch, but it is to tell whose rows a device has: nobody's, if several had it.
UPDATE sites SET epoch = randomblob(16)
    WHERE epoch IN (SELECT epoch FROM sites GROUP BY epoch HAVING count(*) > 1);

-- Finds the site of a device that does not name it.
CREATE INDEX clients_by_client ON clients (client);

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('clients', 'clients_by_client', '300 1 1');
ANALYZE sqlite_schema;
