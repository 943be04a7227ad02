-- SQLite only: the search index, filled behind the acknowledgement. rowid is message.message_id.
CREATE VIRTUAL TABLE message_search USING fts5(text, channel_id UNINDEXED, ts UNINDEXED, tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE search_mark(channel_id BIGINT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY(channel_id));
