-- A run that is to be tried again waits (state 3); what stood at 3 and above moves up by one.
UPDATE run SET state = state + 1 WHERE state >= 3;
ALTER TABLE run ADD COLUMN tries SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN again_ms BIGINT NOT NULL DEFAULT 0;
