#!/bin/sh
# Runs once, when the database is made: the role that the server and its migrations use.
# Neither superuser nor BYPASSRLS, or row-level security would not bind it.
set -eu

psql --set ON_ERROR_STOP=1 --set password="$COUNTERSIGN_DATABASE_PASSWORD" --username postgres <<'SQL'
CREATE ROLE countersign LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE countersign OWNER countersign;
REVOKE CONNECT ON DATABASE countersign FROM PUBLIC;
SQL
