-- The home's id comes first in every key; one decision touches one home (ARCHITECTURE.md, Storage).
-- Portable: SQLite, MariaDB/MySQL 8, Vitess. Times are milliseconds, ts of messages microseconds, since 1970 UTC.

CREATE TABLE setting(workspace_id BIGINT NOT NULL, name VARCHAR(80) NOT NULL, value TEXT NOT NULL, PRIMARY KEY(workspace_id, name));
CREATE TABLE workspace(workspace_id BIGINT NOT NULL, name VARCHAR(80) NOT NULL, created_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id));

-- Names that must be unique, by kind: user, email, channel, im, source, webhook, token. Home: the workspace.
CREATE TABLE directory(workspace_id BIGINT NOT NULL, kind VARCHAR(16) NOT NULL, name VARCHAR(190) NOT NULL, target_id BIGINT NOT NULL,
  PRIMARY KEY(workspace_id, kind, name));
CREATE TABLE user_account(workspace_id BIGINT NOT NULL, user_id BIGINT NOT NULL, name VARCHAR(80) NOT NULL, real_name VARCHAR(120) NOT NULL,
  email VARCHAR(190) NOT NULL, role SMALLINT NOT NULL, bot_id BIGINT NOT NULL, deleted SMALLINT NOT NULL, password_hash VARCHAR(190) NOT NULL,
  created_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, user_id));
CREATE TABLE session(workspace_id BIGINT NOT NULL, session_hash CHAR(64) NOT NULL, user_id BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, session_hash));
CREATE TABLE token(workspace_id BIGINT NOT NULL, token_hash CHAR(64) NOT NULL, token_id BIGINT NOT NULL, user_id BIGINT NOT NULL, name VARCHAR(80) NOT NULL,
  scopes VARCHAR(500) NOT NULL, created_ms BIGINT NOT NULL, last_used_ms BIGINT NOT NULL, last_from VARCHAR(64) NOT NULL, revoked_ms BIGINT NOT NULL,
  PRIMARY KEY(workspace_id, token_hash));
CREATE TABLE source(workspace_id BIGINT NOT NULL, source_id BIGINT NOT NULL, tool VARCHAR(40) NOT NULL, name VARCHAR(80) NOT NULL, key_hash CHAR(64) NOT NULL,
  channel_id BIGINT NOT NULL, created_ms BIGINT NOT NULL, revoked_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, source_id));
CREATE INDEX source_key ON source(workspace_id, key_hash);
CREATE TABLE webhook(workspace_id BIGINT NOT NULL, webhook_id BIGINT NOT NULL, name VARCHAR(80) NOT NULL, key_hash CHAR(64) NOT NULL, channel_id BIGINT NOT NULL,
  created_ms BIGINT NOT NULL, revoked_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, webhook_id));

-- A channel is the home of its members, messages, events and reactions.
CREATE TABLE channel(channel_id BIGINT NOT NULL, workspace_id BIGINT NOT NULL, name VARCHAR(80) NOT NULL, kind SMALLINT NOT NULL, creator_id BIGINT NOT NULL,
  peer_id BIGINT NOT NULL, topic VARCHAR(1000) NOT NULL, topic_by BIGINT NOT NULL, topic_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL, archived SMALLINT NOT NULL,
  last_seq BIGINT NOT NULL, last_ts BIGINT NOT NULL, PRIMARY KEY(channel_id));
CREATE INDEX channel_workspace ON channel(workspace_id, channel_id);
CREATE TABLE member(channel_id BIGINT NOT NULL, user_id BIGINT NOT NULL, joined_ms BIGINT NOT NULL, last_read_ts BIGINT NOT NULL, PRIMARY KEY(channel_id, user_id));
CREATE INDEX member_user ON member(user_id, channel_id);
CREATE TABLE message(channel_id BIGINT NOT NULL, seq BIGINT NOT NULL, message_id BIGINT NOT NULL, ts BIGINT NOT NULL, thread_ts BIGINT NOT NULL,
  user_id BIGINT NOT NULL, bot_id BIGINT NOT NULL, kind SMALLINT NOT NULL, text TEXT NOT NULL, body TEXT NOT NULL, edited_by BIGINT NOT NULL, edited_ts BIGINT NOT NULL,
  reply_count INT NOT NULL, latest_reply BIGINT NOT NULL, reactions SMALLINT NOT NULL, deleted SMALLINT NOT NULL, PRIMARY KEY(channel_id, seq));
CREATE UNIQUE INDEX message_ts ON message(channel_id, ts);
CREATE INDEX message_thread ON message(channel_id, thread_ts, ts);
-- What happens in a channel beside new messages: it takes numbers of the same sequence.
CREATE TABLE channel_event(channel_id BIGINT NOT NULL, seq BIGINT NOT NULL, kind SMALLINT NOT NULL, ref_ts BIGINT NOT NULL, user_id BIGINT NOT NULL,
  detail TEXT NOT NULL, PRIMARY KEY(channel_id, seq));
CREATE TABLE reaction(channel_id BIGINT NOT NULL, ts BIGINT NOT NULL, name VARCHAR(100) NOT NULL, user_id BIGINT NOT NULL, at_ms BIGINT NOT NULL,
  PRIMARY KEY(channel_id, ts, name, user_id));
-- user_id 0: everybody in the channel (@here, @channel).
CREATE TABLE mention(channel_id BIGINT NOT NULL, user_id BIGINT NOT NULL, ts BIGINT NOT NULL, PRIMARY KEY(channel_id, user_id, ts));

-- A group of alerts is a home. What changed together is one row of alert_change; the present state is the sum of its rows.
CREATE TABLE alert_group(home_id BIGINT NOT NULL, workspace_id BIGINT NOT NULL, source_id BIGINT NOT NULL, group_key TEXT NOT NULL, short_id VARCHAR(16) NOT NULL,
  title VARCHAR(400) NOT NULL, channel_id BIGINT NOT NULL, state SMALLINT NOT NULL, severity SMALLINT NOT NULL, external_url VARCHAR(2000) NOT NULL,
  opened_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, acked_by BIGINT NOT NULL, acked_ms BIGINT NOT NULL, resolved_by BIGINT NOT NULL, resolved_ms BIGINT NOT NULL,
  held SMALLINT NOT NULL, message_ts BIGINT NOT NULL, PRIMARY KEY(home_id));
CREATE INDEX alert_group_state ON alert_group(workspace_id, state, home_id);
CREATE TABLE alert_change(home_id BIGINT NOT NULL, change_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(home_id, change_id));

-- due_ms is also the lease of who claimed the row; the fence decides who may complete it. state 0 waiting, 1 done, 2 refused.
CREATE TABLE outbox(home_id BIGINT NOT NULL, outbox_id BIGINT NOT NULL, bucket INT NOT NULL, state SMALLINT NOT NULL, due_ms BIGINT NOT NULL,
  claim_id BIGINT NOT NULL, fence BIGINT NOT NULL, attempts INT NOT NULL, kind VARCHAR(40) NOT NULL, payload TEXT NOT NULL, PRIMARY KEY(home_id, outbox_id));
CREATE INDEX outbox_due ON outbox(state, due_ms);
CREATE TABLE timer(home_id BIGINT NOT NULL, timer_id BIGINT NOT NULL, bucket INT NOT NULL, state SMALLINT NOT NULL, due_ms BIGINT NOT NULL,
  claim_id BIGINT NOT NULL, fence BIGINT NOT NULL, attempts INT NOT NULL, kind VARCHAR(40) NOT NULL, payload TEXT NOT NULL, PRIMARY KEY(home_id, timer_id));
CREATE INDEX timer_due ON timer(state, due_ms);

-- One hash chain per home; audit_head says where each ends, so that a cut-off end is seen too.
CREATE TABLE audit(home_id BIGINT NOT NULL, audit_seq BIGINT NOT NULL, audit_id BIGINT NOT NULL, workspace_id BIGINT NOT NULL, at_ms BIGINT NOT NULL,
  actor_id BIGINT NOT NULL, action VARCHAR(80) NOT NULL, via VARCHAR(20) NOT NULL, detail TEXT NOT NULL, result VARCHAR(40) NOT NULL,
  prev_hash CHAR(64) NOT NULL, hash CHAR(64) NOT NULL, PRIMARY KEY(home_id, audit_seq));
CREATE INDEX audit_time ON audit(workspace_id, audit_id);
CREATE TABLE audit_head(home_id BIGINT NOT NULL, last_seq BIGINT NOT NULL, last_hash CHAR(64) NOT NULL, PRIMARY KEY(home_id));
CREATE TABLE idempotency(home_id BIGINT NOT NULL, idem_key CHAR(64) NOT NULL, request_hash CHAR(64) NOT NULL, result TEXT NOT NULL, expires_ms BIGINT NOT NULL,
  PRIMARY KEY(home_id, idem_key));
CREATE INDEX idempotency_expiry ON idempotency(expires_ms);
