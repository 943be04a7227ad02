#include "store/audit.h"

#include "base/json.h"

static const char chain_start[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* What the hash covers: every column but the hash itself, as a JSON list, so that no two records read the same. */
static struct str audit_hash(struct arena *a, const struct audit_record *r)
{
	struct buf b;
	struct json_out o;
	struct str hash;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '[');
	json_put_int(&o, r->home_id);
	json_put_int(&o, r->seq);
	json_put_int(&o, r->id);
	json_put_int(&o, r->workspace_id);
	json_put_int(&o, r->at);
	json_put_int(&o, r->actor_id);
	json_put_str(&o, r->action);
	json_put_str(&o, r->via);
	json_put_str(&o, r->detail);
	json_put_str(&o, r->result);
	json_put_str(&o, r->prev_hash);
	json_close(&o, ']');
	hash = crypt_sha256_hex(a, buf_str(&b));
	buf_done(&b);
	return hash;
}

static bool head_get(struct db *db, struct arena *a, struct audit_record *r, bool *first, struct err *err)
{
	struct rows rows = db_rows(db, Q_AUDIT_HEAD, B_INT(r->home_id));

	*first = !rows_next(&rows);
	r->seq = *first ? 1 : rows_int(&rows, 0) + 1;
	r->prev_hash = *first ? str_of(chain_start) : arena_dup(a, rows_str(&rows, 1));
	return rows_end(&rows, err);
}

bool store_audit_add(struct db *db, struct arena *a, struct audit_record *r, struct err *err)
{
	bool first;

	if (!head_get(db, a, r, &first, err))
		return false;
	r->hash = audit_hash(a, r);
	if (!db_run(db, Q_AUDIT_ADD, err, B_INT(r->home_id), B_INT(r->seq), B_INT(r->id), B_INT(r->workspace_id), B_INT(r->at), B_INT(r->actor_id),
		    B_STR(r->action), B_STR(r->via), B_STR(r->detail), B_STR(r->result), B_STR(r->prev_hash), B_STR(r->hash)))
		return false;
	return first ? db_run(db, Q_AUDIT_HEAD_ADD, err, B_INT(r->home_id), B_INT(r->seq), B_STR(r->hash))
		     : db_run(db, Q_AUDIT_HEAD_SET, err, B_INT(r->seq), B_STR(r->hash), B_INT(r->home_id));
}

static struct audit_record audit_read(struct rows *r, struct arena *a)
{
	return (struct audit_record){.home_id = rows_int(r, 0),
				     .seq = rows_int(r, 1),
				     .id = rows_int(r, 2),
				     .workspace_id = rows_int(r, 3),
				     .at = rows_int(r, 4),
				     .actor_id = rows_int(r, 5),
				     .action = arena_dup(a, rows_str(r, 6)),
				     .via = arena_dup(a, rows_str(r, 7)),
				     .detail = arena_dup(a, rows_str(r, 8)),
				     .result = arena_dup(a, rows_str(r, 9)),
				     .prev_hash = arena_dup(a, rows_str(r, 10)),
				     .hash = arena_dup(a, rows_str(r, 11))};
}

bool store_audit_search(struct db *db, struct arena *a, int64_t workspace_id, const struct audit_filter *f, struct audit_record **out, size_t *count,
			struct err *err)
{
	struct str like = f->text.n ? arena_printf(a, "%%" STR_FMT "%%", STR_ARG(f->text)) : S("");
	struct rows rows = db_rows(db, Q_AUDIT_SEARCH, B_INT(workspace_id), B_INT(f->before_id ? f->before_id : INT64_MAX), B_INT(f->since),
				   B_INT(f->until ? f->until : INT64_MAX), B_INT(f->actor_id), B_INT(f->actor_id), B_STR(f->action), B_STR(f->action),
				   B_STR(like), B_STR(like), B_STR(like), B_INT(f->limit));
	struct vec v = {0};

	while (rows_next(&rows))
		*(struct audit_record *)vec_push(a, &v, sizeof(struct audit_record)) = audit_read(&rows, a);
	*out = v.items;
	*count = v.count;
	return rows_end(&rows, err);
}

struct verifier {
	struct arena *arena;
	struct vec faults;
	int64_t home_id, seq; /* the last record seen */
	char hash[65];
};

static void fault(struct verifier *v, int64_t home_id, int64_t seq, const char *why)
{
	*(struct audit_fault *)vec_push(v->arena, &v->faults, sizeof(struct audit_fault)) = (struct audit_fault){home_id, seq, str_of(why)};
}

static void verify_record(struct verifier *v, const struct audit_record *r, struct arena *scratch)
{
	bool new_chain = r->home_id != v->home_id;
	struct str before = new_chain ? str_of(chain_start) : str_of(v->hash);
	int64_t expected = new_chain ? 1 : v->seq + 1;

	if (r->seq != expected)
		fault(v, r->home_id, r->seq, "a record before it is missing");
	else if (!str_eq(r->prev_hash, before))
		fault(v, r->home_id, r->seq, "it does not follow from the record before");
	else if (!str_eq(audit_hash(scratch, r), r->hash))
		fault(v, r->home_id, r->seq, "it was changed: its hash is another");
	v->home_id = r->home_id;
	v->seq = r->seq;
	memset(v->hash, 0, sizeof v->hash);
	memcpy(v->hash, r->hash.p, r->hash.n < 64 ? r->hash.n : 64);
}

struct chain_end {
	int64_t home_id, seq;
	struct str hash;
};

/* The heads against the ends that the records gave; both sorted by home. */
static bool verify_heads(struct db *db, struct verifier *v, const struct chain_end *ends, size_t count, struct err *err)
{
	struct rows rows = db_select(db, Q_AUDIT_HEADS, NULL, 0);
	size_t i = 0;

	while (rows_next(&rows)) {
		int64_t home = rows_int(&rows, 0), seq = rows_int(&rows, 1);

		while (i < count && ends[i].home_id < home)
			fault(v, ends[i].home_id, ends[i].seq, "its chain is not in the list of chains"), i++;
		if (i >= count || ends[i].home_id != home) {
			fault(v, home, seq, "all records of its chain are missing");
			continue;
		}
		if (ends[i].seq != seq || !str_eq(ends[i].hash, rows_str(&rows, 2)))
			fault(v, home, seq, "the end of its chain is missing or was changed");
		i++;
	}
	for (; i < count; i++)
		fault(v, ends[i].home_id, ends[i].seq, "its chain is not in the list of chains");
	return rows_end(&rows, err);
}

bool store_audit_verify(struct db *db, struct arena *a, int64_t *records, int64_t *chains, struct audit_fault **out, size_t *count, struct err *err)
{
	struct rows rows = db_select(db, Q_AUDIT_ALL, NULL, 0);
	struct verifier v = {.arena = a};
	struct vec ends = {0};
	struct arena scratch;
	bool ok;

	*records = 0;
	arena_init(&scratch);
	while (rows_next(&rows)) {
		struct audit_record r = audit_read(&rows, &scratch);
		struct chain_end *end = r.home_id != v.home_id || !ends.count ? vec_push(a, &ends, sizeof *end)
									      : (struct chain_end *)ends.items + ends.count - 1;

		verify_record(&v, &r, &scratch);
		*end = (struct chain_end){r.home_id, r.seq, arena_dup(a, r.hash)};
		++*records;
		arena_reset(&scratch);
	}
	ok = rows_end(&rows, err) && verify_heads(db, &v, ends.items, ends.count, err);
	arena_done(&scratch);
	*chains = (int64_t)ends.count;
	*out = v.faults.items;
	*count = v.faults.count;
	return ok;
}
