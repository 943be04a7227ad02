-- Calls that run later (ops/plan.h); each is a home. What is over has no row: the audit trail remembers it.
CREATE TABLE plan(home_id BIGINT NOT NULL, workspace_id BIGINT NOT NULL, code VARCHAR(16) NOT NULL, user_id BIGINT NOT NULL, channel_id BIGINT NOT NULL, thread_ts BIGINT NOT NULL,
  scope SMALLINT NOT NULL, line TEXT NOT NULL, confirmed SMALLINT NOT NULL, mfa_age_ms BIGINT NOT NULL, every_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  runs BIGINT NOT NULL, PRIMARY KEY(home_id));
CREATE UNIQUE INDEX plan_code ON plan(workspace_id, code);
CREATE INDEX plan_user ON plan(workspace_id, user_id);
