-- Messages for one person alone, as long as somebody may press what stands in them; others are kept nowhere.
CREATE TABLE ephemeral(channel_id BIGINT NOT NULL, user_id BIGINT NOT NULL, ts BIGINT NOT NULL, bot_id BIGINT NOT NULL, thread_ts BIGINT NOT NULL, text TEXT NOT NULL, body TEXT NOT NULL,
  at_ms BIGINT NOT NULL, PRIMARY KEY(channel_id, user_id, ts));
CREATE INDEX ephemeral_age ON ephemeral(at_ms);
UPDATE webhook SET app_id = COALESCE((SELECT a.app_id FROM app a WHERE a.workspace_id = webhook.workspace_id AND a.webhook_id = webhook.webhook_id), 0) WHERE app_id = 0;
