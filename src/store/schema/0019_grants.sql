-- Who lets which app act for them, by which token; a bot lets its own app. scopes: these (OAuth), '': all that the app may.
CREATE TABLE app_grant(workspace_id BIGINT NOT NULL, app_id BIGINT NOT NULL, user_id BIGINT NOT NULL, token_id BIGINT NOT NULL, scopes TEXT NOT NULL, at_ms BIGINT NOT NULL,
  PRIMARY KEY(workspace_id, app_id, user_id, token_id));
CREATE INDEX app_grant_token ON app_grant(workspace_id, token_id);
INSERT INTO app_grant(workspace_id, app_id, user_id, token_id, scopes, at_ms)
  SELECT workspace_id, SUBSTR(scopes, 10) + 0, user_id, token_id, '', created_ms FROM token WHERE revoked_ms = 0 AND scopes LIKE 'app:user:%';
-- Webhooks that an app was given by OAuth; 0: others.
ALTER TABLE webhook ADD COLUMN app_id BIGINT NOT NULL DEFAULT 0;
