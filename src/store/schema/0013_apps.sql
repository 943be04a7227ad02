-- Apps (ops/app.h). app_id is also the id of its bot. manifest: JSON. failed: events given up one after the other; stopped_ms: too many were, since when it gets none.
CREATE TABLE app(workspace_id BIGINT NOT NULL, app_id BIGINT NOT NULL, user_id BIGINT NOT NULL, owner_id BIGINT NOT NULL, webhook_id BIGINT NOT NULL, name VARCHAR(80) NOT NULL,
  manifest TEXT NOT NULL, bot_scopes TEXT NOT NULL, user_scopes TEXT NOT NULL, created_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, failed BIGINT NOT NULL,
  stopped_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, app_id));
-- Which apps hear of what, by the event's name in the manifest.
CREATE TABLE app_subscription(workspace_id BIGINT NOT NULL, event VARCHAR(60) NOT NULL, app_id BIGINT NOT NULL, user_id BIGINT NOT NULL, PRIMARY KEY(workspace_id, event, app_id));
-- Dialogs and home pages that apps show to somebody. kind 1: a modal, 2: a home page. body: the view's JSON without its ids.
CREATE TABLE app_view(workspace_id BIGINT NOT NULL, view_id BIGINT NOT NULL, app_id BIGINT NOT NULL, user_id BIGINT NOT NULL, kind SMALLINT NOT NULL, root_id BIGINT NOT NULL,
  previous_id BIGINT NOT NULL, external_id VARCHAR(255) NOT NULL, hash VARCHAR(80) NOT NULL, body TEXT NOT NULL, changed_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, view_id));
CREATE INDEX app_view_user ON app_view(workspace_id, app_id, user_id);
CREATE INDEX app_view_age ON app_view(changed_ms);
