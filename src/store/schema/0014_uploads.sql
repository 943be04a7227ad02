-- Files that no message brings (yet): an address was given out for them (0), their bytes are coming (1) or there (2), they are their owner's alone (3),
-- or they are to go (4). What is shared gets a row of `file` for each message, and this one goes.
CREATE TABLE upload(workspace_id BIGINT NOT NULL, file_id BIGINT NOT NULL, user_id BIGINT NOT NULL, state SMALLINT NOT NULL, name VARCHAR(255) NOT NULL, title VARCHAR(1000) NOT NULL,
  mimetype VARCHAR(100) NOT NULL, size_bytes BIGINT NOT NULL, width INT NOT NULL, height INT NOT NULL, created_ms BIGINT NOT NULL, alt VARCHAR(1000) NOT NULL,
  PRIMARY KEY(workspace_id, file_id));
CREATE INDEX upload_file ON upload(file_id);
CREATE INDEX upload_state ON upload(state, created_ms);
-- What a picture shows, for who cannot see it.
ALTER TABLE file ADD COLUMN alt VARCHAR(1000) NOT NULL DEFAULT '';
CREATE INDEX file_user ON file(user_id, file_id);
