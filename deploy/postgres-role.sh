#!/bin/sh
# Creates the database, which belongs to a role that is no superuser: the stock ledger is protected by privileges. The image of
# PostgreSQL runs this once, in an empty volume.
set -eu

psql -v ON_ERROR_STOP=1 -v password="$LOTBOOK_DB_PASSWORD" --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE lotbook LOGIN PASSWORD :'password';
CREATE DATABASE lotbook OWNER lotbook;
SQL
