-- Second factors (ops/mfa.h): the secret is sealed with a key that is derived from DIR/secret.key. confirmed_ms 0: its first code is still to come.
CREATE TABLE mfa(workspace_id BIGINT NOT NULL, user_id BIGINT NOT NULL, sealed VARCHAR(400) NOT NULL, created_ms BIGINT NOT NULL, confirmed_ms BIGINT NOT NULL, last_step BIGINT NOT NULL,
  wrong INT NOT NULL, wrong_since_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, user_id));
CREATE TABLE mfa_recovery(workspace_id BIGINT NOT NULL, user_id BIGINT NOT NULL, code_hash CHAR(64) NOT NULL, used_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, user_id, code_hash));
-- When a code was given with it; 0: never.
ALTER TABLE session ADD COLUMN mfa_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN mfa_ms BIGINT NOT NULL DEFAULT 0;
