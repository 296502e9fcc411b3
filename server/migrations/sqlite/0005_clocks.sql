-- How far a device's clock was ahead of the server's at its last request; negative if it was behind, and none for builds
-- that do not tell.
ALTER TABLE devices ADD COLUMN clock_ahead_millis INTEGER;
