-- Other chat systems (engine/links.h). A link is a channel here and its counterpart there: a home. next_ms: nothing is said there before; number: of the last
-- message there that people call by a number.
CREATE TABLE chat_link(workspace_id BIGINT NOT NULL, link_id BIGINT NOT NULL, chat VARCHAR(40) NOT NULL, remote VARCHAR(100) NOT NULL, remote_name VARCHAR(100) NOT NULL,
  channel_id BIGINT NOT NULL, direct SMALLINT NOT NULL, number BIGINT NOT NULL, next_ms BIGINT NOT NULL, PRIMARY KEY(workspace_id, link_id));
CREATE UNIQUE INDEX chat_link_remote ON chat_link(workspace_id, chat, remote);
-- The same message here (ts) and there (remote); a long one has several parts there. number: what people there call it by; 0: nothing. gathered: it stands there
-- in one message with others. head: a hash of its first line as it was told; chats that cannot edit are told of a change of that alone.
CREATE TABLE chat_copy(link_id BIGINT NOT NULL, ts BIGINT NOT NULL, part SMALLINT NOT NULL, remote VARCHAR(100) NOT NULL, number BIGINT NOT NULL, gathered SMALLINT NOT NULL, head BIGINT NOT NULL,
  PRIMARY KEY(link_id, ts, part));
CREATE INDEX chat_copy_remote ON chat_copy(link_id, remote);
CREATE INDEX chat_copy_number ON chat_copy(link_id, number);
-- What is still to be done there, in this order. verb: enum chat_verb. detail: a reaction's name, a topic. tried_ms: it was sent then, and nobody knows what came of it.
CREATE TABLE chat_queue(link_id BIGINT NOT NULL, queue_id BIGINT NOT NULL, ts BIGINT NOT NULL, part SMALLINT NOT NULL, verb SMALLINT NOT NULL, detail VARCHAR(1000) NOT NULL,
  said_ms BIGINT NOT NULL, tried_ms BIGINT NOT NULL, PRIMARY KEY(link_id, queue_id));
CREATE INDEX chat_queue_message ON chat_queue(link_id, ts, verb);
-- People of other chat systems and who they are here.
CREATE TABLE chat_person(workspace_id BIGINT NOT NULL, chat VARCHAR(40) NOT NULL, remote VARCHAR(100) NOT NULL, user_id BIGINT NOT NULL, name VARCHAR(100) NOT NULL,
  PRIMARY KEY(workspace_id, chat, remote));
CREATE INDEX chat_person_user ON chat_person(workspace_id, user_id);
