-- What people mark in a channel: messages that are pinned for all, links beside the messages. The channel is their home.
CREATE TABLE pin(channel_id BIGINT NOT NULL, ts BIGINT NOT NULL, user_id BIGINT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY(channel_id, ts));
CREATE TABLE bookmark(channel_id BIGINT NOT NULL, bookmark_id BIGINT NOT NULL, title VARCHAR(250) NOT NULL, link VARCHAR(3000) NOT NULL, emoji VARCHAR(100) NOT NULL,
  created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, changed_by BIGINT NOT NULL, PRIMARY KEY(channel_id, bookmark_id));
-- What one keeps for oneself; ts 0: the channel.
CREATE TABLE star(user_id BIGINT NOT NULL, channel_id BIGINT NOT NULL, ts BIGINT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY(user_id, channel_id, ts));
ALTER TABLE message ADD COLUMN pinned SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN purpose VARCHAR(1000) NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN purpose_by BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN purpose_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX reaction_user ON reaction(user_id, at_ms);
CREATE INDEX directory_target ON directory(workspace_id, kind, target_id);
-- What a person tells of themselves; status_until_ms 0: until it is changed. away: they say so, whatever streams they have.
CREATE TABLE profile(workspace_id BIGINT NOT NULL, user_id BIGINT NOT NULL, display_name VARCHAR(80) NOT NULL, title VARCHAR(250) NOT NULL, phone VARCHAR(100) NOT NULL,
  status_text VARCHAR(400) NOT NULL, status_emoji VARCHAR(100) NOT NULL, status_until_ms BIGINT NOT NULL, away SMALLINT NOT NULL, snooze_until_ms BIGINT NOT NULL,
  PRIMARY KEY(workspace_id, user_id));
-- Groups of people that can be mentioned (<!subteam^S...>); deleted_ms: disabled since. channels: ids as Slack writes them, with commas.
CREATE TABLE usergroup(workspace_id BIGINT NOT NULL, group_id BIGINT NOT NULL, name VARCHAR(250) NOT NULL, handle VARCHAR(80) NOT NULL, about VARCHAR(1000) NOT NULL,
  channels VARCHAR(2000) NOT NULL, created_by BIGINT NOT NULL, created_ms BIGINT NOT NULL, changed_by BIGINT NOT NULL, changed_ms BIGINT NOT NULL, deleted_ms BIGINT NOT NULL,
  PRIMARY KEY(workspace_id, group_id));
CREATE TABLE usergroup_member(group_id BIGINT NOT NULL, user_id BIGINT NOT NULL, PRIMARY KEY(group_id, user_id));
-- Messages that are to be said later (chat.scheduleMessage); each has a timer. user_id: who says it.
CREATE TABLE scheduled(channel_id BIGINT NOT NULL, scheduled_id BIGINT NOT NULL, user_id BIGINT NOT NULL, bot_id BIGINT NOT NULL, post_ms BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  thread_ts BIGINT NOT NULL, broadcast SMALLINT NOT NULL, text TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(channel_id, scheduled_id));
CREATE INDEX scheduled_user ON scheduled(user_id, scheduled_id);
CREATE INDEX scheduled_id ON scheduled(scheduled_id);
