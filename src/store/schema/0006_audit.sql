-- The audit trail is looked through by who and by what, too.
CREATE INDEX audit_actor ON audit(workspace_id, actor_id, audit_id);
CREATE INDEX audit_action ON audit(workspace_id, action, audit_id);
-- Signed statements over all records up to last_id (ops/audit_chain.h). Home: the workspace.
CREATE TABLE audit_checkpoint(workspace_id BIGINT NOT NULL, checkpoint_no BIGINT NOT NULL, at_ms BIGINT NOT NULL, last_id BIGINT NOT NULL, records BIGINT NOT NULL,
  digest CHAR(64) NOT NULL, prev_hash CHAR(64) NOT NULL, hash CHAR(64) NOT NULL, signature CHAR(128) NOT NULL, PRIMARY KEY(workspace_id, checkpoint_no));
CREATE INDEX audit_checkpoint_last ON audit_checkpoint(workspace_id, last_id);
-- The highest scope that a use of the token really needed; 0: not known.
ALTER TABLE token ADD COLUMN needed SMALLINT NOT NULL DEFAULT 0;
