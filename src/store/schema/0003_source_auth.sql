-- How requests of a source are authenticated beside the key in their path, as JSON (api/source_auth.c); '' for the key alone.
ALTER TABLE source ADD COLUMN auth VARCHAR(1000) NOT NULL DEFAULT '';
