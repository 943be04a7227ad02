-- Runs of plugins (ops/run.h), each a home, with every line that they said. stream: 1 out, 2 err, 3 ours.
CREATE TABLE run(home_id BIGINT NOT NULL, workspace_id BIGINT NOT NULL, code VARCHAR(16) NOT NULL, state SMALLINT NOT NULL, user_id BIGINT NOT NULL, channel_id BIGINT NOT NULL,
  thread_ts BIGINT NOT NULL, via VARCHAR(20) NOT NULL, scope SMALLINT NOT NULL, plugin VARCHAR(80) NOT NULL, version VARCHAR(80) NOT NULL, digest VARCHAR(64) NOT NULL,
  words VARCHAR(190) NOT NULL, call_text TEXT NOT NULL, line TEXT NOT NULL, reason TEXT NOT NULL, then_text TEXT NOT NULL, held_id BIGINT NOT NULL, dry_run SMALLINT NOT NULL,
  created_ms BIGINT NOT NULL, started_ms BIGINT NOT NULL, ended_ms BIGINT NOT NULL, exit_code INT NOT NULL, why TEXT NOT NULL, shown TEXT NOT NULL, progress VARCHAR(300) NOT NULL,
  buttons TEXT NOT NULL, output_hash VARCHAR(64) NOT NULL, line_count BIGINT NOT NULL, byte_count BIGINT NOT NULL, message_ts BIGINT NOT NULL, lines_gone SMALLINT NOT NULL DEFAULT 0, PRIMARY KEY(home_id));
CREATE INDEX run_state ON run(workspace_id, state, home_id);
CREATE INDEX run_ended ON run(lines_gone, ended_ms);
CREATE INDEX run_code ON run(workspace_id, code);
CREATE TABLE run_line(home_id BIGINT NOT NULL, line_seq BIGINT NOT NULL, at_ms BIGINT NOT NULL, stream SMALLINT NOT NULL, line_text TEXT NOT NULL, PRIMARY KEY(home_id, line_seq));
-- The memory of plugins: theirs alone, by key. version counts changes, for compare and set.
CREATE TABLE plugin_value(workspace_id BIGINT NOT NULL, plugin VARCHAR(80) NOT NULL, name VARCHAR(190) NOT NULL, value TEXT NOT NULL, version BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
  PRIMARY KEY(workspace_id, plugin, name));
-- Secrets of plugins, sealed. layer: 1 site, 2 plugin, 3 channel, 4 user; layer_id: 0, 0, the channel, the user. plugin '': of all.
CREATE TABLE plugin_secret(workspace_id BIGINT NOT NULL, plugin VARCHAR(80) NOT NULL, name VARCHAR(80) NOT NULL, layer SMALLINT NOT NULL, layer_id BIGINT NOT NULL, sealed TEXT NOT NULL,
  changed_by BIGINT NOT NULL, changed_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, plugin, name, layer, layer_id));
