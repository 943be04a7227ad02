-- Calls that wait for somebody's yes (ops/approval.h): each is a home. calls: canonical, one a line. needs: JSON.
CREATE TABLE held(home_id BIGINT NOT NULL, workspace_id BIGINT NOT NULL, code VARCHAR(16) NOT NULL, kind SMALLINT NOT NULL, state SMALLINT NOT NULL, user_id BIGINT NOT NULL,
  channel_id BIGINT NOT NULL, thread_ts BIGINT NOT NULL, via VARCHAR(20) NOT NULL, scope SMALLINT NOT NULL, line TEXT NOT NULL, calls TEXT NOT NULL, hash CHAR(64) NOT NULL,
  reason TEXT NOT NULL, rule TEXT NOT NULL, preview TEXT NOT NULL, approvers TEXT NOT NULL, needs TEXT NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, decided_ms BIGINT NOT NULL,
  decided_by BIGINT NOT NULL, valid_until_ms BIGINT NOT NULL, why TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY(home_id));
CREATE INDEX held_code ON held(workspace_id, code);
CREATE INDEX held_state ON held(workspace_id, state, home_id);
CREATE INDEX held_hash ON held(workspace_id, hash);
-- Who said yes. needs: bit i says that it counts for need i.
CREATE TABLE held_vote(home_id BIGINT NOT NULL, user_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, needs BIGINT NOT NULL, note TEXT NOT NULL, PRIMARY KEY(home_id, user_id));
-- Where it is told; message_ts 0: not yet.
CREATE TABLE held_copy(home_id BIGINT NOT NULL, channel_id BIGINT NOT NULL, thread_ts BIGINT NOT NULL, message_ts BIGINT NOT NULL, PRIMARY KEY(home_id, channel_id));
