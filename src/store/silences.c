#include "store/silences.h"

static struct str matchers_json(struct arena *a, const struct matchers *m)
{
	struct buf b;
	struct json_out o;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	silence_write_matchers(&o, m);
	return buf_keep(a, &b);
}

bool store_silence_add(struct db *db, struct arena *a, int64_t workspace_id, const struct silence *s, struct err *err)
{
	return db_run(db, Q_SILENCE_ADD, err, B_INT(workspace_id), B_INT(s->id), B_STR(s->uuid), B_INT(s->kind), B_INT(s->acted), B_STR(s->name),
		      B_STR(matchers_json(a, &s->matchers)), B_INT(s->starts), B_INT(s->ends), B_INT(s->updated), B_STR(s->created_by), B_INT(s->user_id),
		      B_STR(s->comment), B_INT(s->channel_id));
}

bool store_silence_set(struct db *db, int64_t workspace_id, const struct silence *s, struct err *err)
{
	return db_run(db, Q_SILENCE_SET, err, B_INT(s->acted), B_STR(s->name), B_INT(s->starts), B_INT(s->ends), B_INT(s->updated), B_STR(s->created_by),
		      B_INT(s->user_id), B_STR(s->comment), B_INT(workspace_id), B_INT(s->id));
}

static bool silence_read(struct rows *r, struct arena *a, struct silence *out, struct err *err)
{
	const struct json *matchers;

	*out = (struct silence){.id = rows_int(r, 1),
				.uuid = arena_dup(a, rows_str(r, 2)),
				.kind = (enum silence_kind)rows_int(r, 3),
				.acted = (enum silence_state)rows_int(r, 4),
				.name = arena_dup(a, rows_str(r, 5)),
				.starts = rows_int(r, 7),
				.ends = rows_int(r, 8),
				.updated = rows_int(r, 9),
				.created_by = arena_dup(a, rows_str(r, 10)),
				.user_id = rows_int(r, 11),
				.comment = arena_dup(a, rows_str(r, 12)),
				.channel_id = rows_int(r, 13)};
	matchers = json_parse(a, arena_dup(a, rows_str(r, 6)), JSON_STRICT, err);
	return matchers && silence_read_matchers(a, matchers, &out->matchers, err);
}

bool store_silence_list(struct db *db, struct arena *a, int64_t workspace_id, wall_ms since, unsigned limit, struct silence **out, size_t *count, struct err *err)
{
	struct rows rows = db_rows(db, Q_SILENCE_LIST, B_INT(workspace_id), B_INT(since), B_INT(limit));
	struct vec v = {0};
	bool ok = true;

	while (ok && rows_next(&rows))
		ok = silence_read(&rows, a, vec_push(a, &v, sizeof(struct silence)), err);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err) && ok;
}

bool store_silence_drop(struct db *db, int64_t workspace_id, wall_ms ended_before, struct err *err)
{
	return db_run(db, Q_SILENCE_DROP, err, B_INT(workspace_id), B_INT(ended_before));
}
