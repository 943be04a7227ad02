-- Deploy locks (ops/lock.h): a target is somebody's. home_id: from when it is taken until it is free, over all who have it one after the other.
CREATE TABLE deploy_lock(workspace_id BIGINT NOT NULL, target VARCHAR(80) NOT NULL, home_id BIGINT NOT NULL, user_id BIGINT NOT NULL, channel_id BIGINT NOT NULL,
  thread_ts BIGINT NOT NULL, reason VARCHAR(1200) NOT NULL, taken_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL, reminded SMALLINT NOT NULL, PRIMARY KEY(workspace_id, target));
CREATE UNIQUE INDEX deploy_lock_home ON deploy_lock(home_id);
-- Who waits for it, in the order of wait_id.
CREATE TABLE deploy_lock_wait(home_id BIGINT NOT NULL, wait_id BIGINT NOT NULL, user_id BIGINT NOT NULL, channel_id BIGINT NOT NULL, thread_ts BIGINT NOT NULL,
  reason VARCHAR(1200) NOT NULL, asked_ms BIGINT NOT NULL, span_ms BIGINT NOT NULL, PRIMARY KEY(home_id, wait_id));
