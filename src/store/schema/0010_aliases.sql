-- Words that stand for a line. owner_id: a person, a channel or the workspace, as scope says (1, 2, 3): each has names of its own.
CREATE TABLE alias(workspace_id BIGINT NOT NULL, name VARCHAR(40) NOT NULL, owner_id BIGINT NOT NULL, scope SMALLINT NOT NULL, line VARCHAR(4000) NOT NULL, created_by BIGINT NOT NULL,
  created_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, name, owner_id));
CREATE INDEX alias_owner ON alias(workspace_id, owner_id);
