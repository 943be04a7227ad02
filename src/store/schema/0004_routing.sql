-- Who receives a group, by the name in the alerting file; when people were last told of it by a message of its own; which alert rule it is of.
ALTER TABLE alert_group ADD COLUMN receiver VARCHAR(190) NOT NULL DEFAULT '';
ALTER TABLE alert_group ADD COLUMN noticed_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_group ADD COLUMN rule_name VARCHAR(250) NOT NULL DEFAULT '';
-- One of its alerts comes and goes: its end waits until it keeps still.
ALTER TABLE alert_group ADD COLUMN flapping SMALLINT NOT NULL DEFAULT 0;
-- Silences and maintenance windows (kind 1 and 2). matchers as JSON, in Alertmanager's form. state: what was last acted on, 0 pending, 1 active, 2 expired.
CREATE TABLE silence(workspace_id BIGINT NOT NULL, silence_id BIGINT NOT NULL, uuid CHAR(36) NOT NULL, kind SMALLINT NOT NULL, state SMALLINT NOT NULL,
  name VARCHAR(190) NOT NULL, matchers TEXT NOT NULL, starts_ms BIGINT NOT NULL, ends_ms BIGINT NOT NULL, updated_ms BIGINT NOT NULL,
  created_by VARCHAR(190) NOT NULL, user_id BIGINT NOT NULL, note TEXT NOT NULL, channel_id BIGINT NOT NULL, PRIMARY KEY(workspace_id, silence_id));
CREATE UNIQUE INDEX silence_uuid ON silence(workspace_id, uuid);
-- A source that must be heard from every so often; 0: need not.
ALTER TABLE source ADD COLUMN heartbeat_ms BIGINT NOT NULL DEFAULT 0;
-- A digest tells of many groups that came at once, in one message; total: how many it ever had.
ALTER TABLE alert_group ADD COLUMN digest_id BIGINT NOT NULL DEFAULT 0;
CREATE TABLE digest(home_id BIGINT NOT NULL, workspace_id BIGINT NOT NULL, channel_id BIGINT NOT NULL, message_ts BIGINT NOT NULL, opened_ms BIGINT NOT NULL,
  total BIGINT NOT NULL, open SMALLINT NOT NULL, PRIMARY KEY(home_id));
CREATE INDEX digest_open ON digest(workspace_id, open);
-- What was deployed or changed, for the alerts of the same service.
CREATE TABLE service_change(workspace_id BIGINT NOT NULL, service VARCHAR(190) NOT NULL, change_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, title VARCHAR(400) NOT NULL,
  url VARCHAR(3000) NOT NULL, source_name VARCHAR(80) NOT NULL, PRIMARY KEY(workspace_id, service, change_id));
CREATE INDEX service_change_age ON service_change(at_ms);
