-- What messages bring: the channel is the home. The bytes lie in DATA/files, and are whole before their row is committed. deleted: the message
-- is gone; housekeeping removes the bytes and then the row.
CREATE TABLE file(channel_id BIGINT NOT NULL, ts BIGINT NOT NULL, file_id BIGINT NOT NULL, user_id BIGINT NOT NULL, name VARCHAR(255) NOT NULL,
  title VARCHAR(1000) NOT NULL, mimetype VARCHAR(100) NOT NULL, size_bytes BIGINT NOT NULL, width INT NOT NULL, height INT NOT NULL, created_ms BIGINT NOT NULL,
  deleted SMALLINT NOT NULL, PRIMARY KEY(channel_id, ts, file_id));
CREATE INDEX file_id ON file(file_id);
CREATE INDEX file_deleted ON file(deleted, file_id);
ALTER TABLE message ADD COLUMN files SMALLINT NOT NULL DEFAULT 0;
