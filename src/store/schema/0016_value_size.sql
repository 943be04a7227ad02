-- How large the memory of a plugin is, without reading it.
ALTER TABLE plugin_value ADD COLUMN size_bytes BIGINT NOT NULL DEFAULT 0;
UPDATE plugin_value SET size_bytes = LENGTH(value);
CREATE INDEX plugin_value_size ON plugin_value(workspace_id, plugin, size_bytes);
