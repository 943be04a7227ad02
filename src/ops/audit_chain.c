#include "ops/audit_chain.h"

#include "base/map.h"

const char audit_chain_start[AUDIT_HASH + 1] = "0000000000000000000000000000000000000000000000000000000000000000";

/* ---- hashes ---- */

static void hash_text(struct str text, char out[AUDIT_HASH + 1])
{
	uint8_t bytes[32];

	crypt_sha256(text, bytes);
	crypt_hex_write(out, bytes, sizeof bytes);
}

/* A record as JSON texts: what an export has, and what the hash is made of. */
struct record_text {
	struct str home, seq, id, workspace, actor, action, via, result, prev, hash, detail;
	wall_ms at;
};

/* What the hash covers: every column but the hash itself, as a JSON list, so that no two records read the same. */
static void record_text_hash(struct buf *b, const struct record_text *t, char out[AUDIT_HASH + 1])
{
	struct json_out o = json_out(b);

	buf_reset(b);
	json_open(&o, '[');
	json_put_raw(&o, t->home);
	json_put_raw(&o, t->seq);
	json_put_raw(&o, t->id);
	json_put_raw(&o, t->workspace);
	json_put_int(&o, t->at);
	json_put_raw(&o, t->actor);
	json_put_raw(&o, t->action);
	json_put_raw(&o, t->via);
	if (str_starts(t->detail, S("\"")))
		json_put_raw(&o, t->detail);
	else
		json_put_str(&o, t->detail);
	json_put_raw(&o, t->result);
	json_put_raw(&o, t->prev);
	json_close(&o, ']');
	hash_text(buf_str(b), out);
}

static void record_hash(struct buf *b, const struct audit_record *r, char out[AUDIT_HASH + 1])
{
	struct json_out o = json_out(b);

	buf_reset(b);
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
	hash_text(buf_str(b), out);
}

void audit_record_hash(const struct audit_record *r, char out[AUDIT_HASH + 1])
{
	struct buf b;

	buf_init(&b, 8 * AUDIT_LINE_MAX);
	record_hash(&b, r, out);
	buf_done(&b);
}

void audit_digest_add(char digest[AUDIT_HASH + 1], struct str record_hash)
{
	char both[2 * AUDIT_HASH];

	memset(both, ' ', sizeof both);
	memcpy(both, digest, AUDIT_HASH);
	memcpy(both + AUDIT_HASH, record_hash.p, record_hash.n < AUDIT_HASH ? record_hash.n : AUDIT_HASH);
	hash_text(str_n(both, sizeof both), digest);
}

static struct str statement(struct arena *a, const struct audit_checkpoint *c)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '[');
	json_put_str(&o, S("opsroom audit checkpoint 1"));
	json_put_int(&o, c->workspace_id);
	json_put_int(&o, c->no);
	json_put_int(&o, c->at);
	json_put_int(&o, c->last_id);
	json_put_int(&o, c->records);
	json_put_str(&o, str_clip(c->digest, 200));
	json_put_str(&o, str_clip(c->prev_hash, 200));
	json_close(&o, ']');
	return buf_keep(a, &b);
}

void audit_checkpoint_sign(struct arena *a, struct audit_checkpoint *c, const struct secret *seed)
{
	struct str text = statement(a, c);
	uint8_t signature[CRYPT_SIGNATURE];

	crypt_sign(seed, text, signature);
	c->hash = crypt_sha256_hex(a, text);
	c->signature = crypt_hex(a, signature, sizeof signature);
}

/* ---- lines ---- */

static void put_quoted_int(struct buf *to, const char *before, int64_t v)
{
	buf_printf(to, "%s\"%lld\"", before, (long long)v);
}

static void put_text(struct buf *to, const char *before, struct str s)
{
	struct json_out o = json_out(to);

	buf_add(to, str_of(before));
	json_put_str(&o, s);
}

/* An object on one line stands as it is, for whoever reads the export. What else somebody has put there is a text. */
static bool stands_alone(struct str detail)
{
	struct err ignored = {0};
	struct arena a;
	bool ok;

	for (size_t i = 0; i < detail.n; i++)
		if ((unsigned char)detail.p[i] < ' ')
			return false;
	if (!str_starts(detail, S("{")))
		return false;
	arena_init(&a);
	ok = json_parse(&a, detail, JSON_STRICT, &ignored) != NULL;
	arena_done(&a);
	return ok;
}

void audit_record_line(struct buf *to, const struct audit_record *r)
{
	char at[WALL_TEXT_SIZE];

	put_quoted_int(to, "{\"home\":", r->home_id);
	buf_printf(to, ",\"seq\":%lld", (long long)r->seq);
	put_quoted_int(to, ",\"id\":", r->id);
	put_quoted_int(to, ",\"workspace\":", r->workspace_id);
	put_text(to, ",\"at\":", wall_write(at, r->at));
	put_quoted_int(to, ",\"actor\":", r->actor_id);
	put_text(to, ",\"action\":", r->action);
	put_text(to, ",\"via\":", r->via);
	put_text(to, ",\"result\":", r->result);
	put_text(to, ",\"prev\":", r->prev_hash);
	put_text(to, ",\"hash\":", r->hash);
	if (stands_alone(r->detail)) {
		buf_add(to, S(",\"detail\":"));
		buf_add(to, r->detail);
	} else {
		put_text(to, ",\"detail\":", r->detail);
	}
	buf_add(to, S("}\n"));
}

void audit_checkpoint_line(struct buf *to, const struct audit_checkpoint *c)
{
	char at[WALL_TEXT_SIZE];

	buf_printf(to, "{\"checkpoint\":%lld", (long long)c->no);
	put_quoted_int(to, ",\"workspace\":", c->workspace_id);
	put_text(to, ",\"at\":", wall_write(at, c->at));
	put_quoted_int(to, ",\"last\":", c->last_id);
	buf_printf(to, ",\"records\":%lld", (long long)c->records);
	put_text(to, ",\"digest\":", c->digest);
	put_text(to, ",\"prev\":", c->prev_hash);
	put_text(to, ",\"hash\":", c->hash);
	put_text(to, ",\"signature\":", c->signature);
	buf_add(to, S("}\n"));
}

/* ---- reading a line: nothing else than what was written above ---- */

static bool take(struct str *s, struct str what)
{
	if (!str_starts(*s, what))
		return false;
	*s = str_n(s->p + what.n, s->n - what.n);
	return true;
}

static bool take_int(struct str *s, struct str *text, int64_t *v)
{
	size_t n = s->n && s->p[0] == '-';

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	*text = str_n(s->p, n);
	*s = str_n(s->p + n, s->n - n);
	return str_to_int(*text, v);
}

/* With its quotes. */
static bool take_str(struct str *s, struct str *text)
{
	size_t n = 1;

	if (!s->n || s->p[0] != '"')
		return false;
	while (n < s->n && s->p[n] != '"')
		n += s->p[n] == '\\' ? 2 : 1;
	if (n >= s->n)
		return false;
	*text = str_n(s->p, n + 1);
	*s = str_n(s->p + n + 1, s->n - n - 1);
	return true;
}

static struct str unquoted(struct str text)
{
	return str_n(text.p + 1, text.n - 2);
}

static bool take_quoted_int(struct str *s, struct str *text, int64_t *v)
{
	return take(s, S("\"")) && take_int(s, text, v) && take(s, S("\""));
}

/* The form that wall_write() gives, and no other of the same time. */
static bool take_wall(struct str *s, wall_ms *at)
{
	char again[WALL_TEXT_SIZE];
	struct str text;

	return take_str(s, &text) && wall_parse(unquoted(text), at) && str_eq(wall_write(again, *at), unquoted(text));
}

static bool record_read(struct str s, struct record_text *t, struct audit_record *r)
{
	bool ok = take(&s, S("{\"home\":")) && take_quoted_int(&s, &t->home, &r->home_id) && take(&s, S(",\"seq\":")) &&
		  take_int(&s, &t->seq, &r->seq) && take(&s, S(",\"id\":")) && take_quoted_int(&s, &t->id, &r->id) &&
		  take(&s, S(",\"workspace\":")) && take_quoted_int(&s, &t->workspace, &r->workspace_id) && take(&s, S(",\"at\":")) &&
		  take_wall(&s, &t->at) && take(&s, S(",\"actor\":")) && take_quoted_int(&s, &t->actor, &r->actor_id) &&
		  take(&s, S(",\"action\":")) && take_str(&s, &t->action) && take(&s, S(",\"via\":")) && take_str(&s, &t->via) &&
		  take(&s, S(",\"result\":")) && take_str(&s, &t->result) && take(&s, S(",\"prev\":")) && take_str(&s, &t->prev) &&
		  take(&s, S(",\"hash\":")) && take_str(&s, &t->hash) && take(&s, S(",\"detail\":")) && str_ends(s, S("}"));

	if (!ok)
		return false;
	t->detail = str_n(s.p, s.n - 1);
	r->prev_hash = unquoted(t->prev);
	r->hash = unquoted(t->hash);
	return str_starts(t->detail, S("{")) || (take_str(&s, &t->detail) && str_is(s, "}"));
}

static bool checkpoint_read(struct str s, struct audit_checkpoint *c)
{
	struct str ignored, digest, prev, hash, signature;
	bool ok = take(&s, S("{\"checkpoint\":")) && take_int(&s, &ignored, &c->no) && take(&s, S(",\"workspace\":")) &&
		  take_quoted_int(&s, &ignored, &c->workspace_id) && take(&s, S(",\"at\":")) && take_wall(&s, &c->at) &&
		  take(&s, S(",\"last\":")) && take_quoted_int(&s, &ignored, &c->last_id) && take(&s, S(",\"records\":")) &&
		  take_int(&s, &ignored, &c->records) && take(&s, S(",\"digest\":")) && take_str(&s, &digest) &&
		  take(&s, S(",\"prev\":")) && take_str(&s, &prev) && take(&s, S(",\"hash\":")) && take_str(&s, &hash) &&
		  take(&s, S(",\"signature\":")) && take_str(&s, &signature) && str_is(s, "}");

	if (!ok)
		return false;
	c->digest = unquoted(digest);
	c->prev_hash = unquoted(prev);
	c->hash = unquoted(hash);
	c->signature = unquoted(signature);
	return true;
}

/* ---- the verifier ---- */

struct chain {
	int64_t home_id, seq; /* the last record seen */
	char hash[AUDIT_HASH + 1];
	bool headed; /* its head was told, or it is known to have none */
};

struct audit_verifier {
	struct arena arena, scratch;
	struct buf text;
	struct map chains; /* home id -> struct chain */
	struct vec faults;
	struct audit_verdict verdict;
	bool checks_signatures, part;
	uint8_t public_key[CRYPT_PUBLIC_KEY];
	int64_t line, last_id;
	char digest[AUDIT_HASH + 1];
	bool digest_known;     /* in a part: not before its first checkpoint */
	int64_t covered_before; /* by checkpoints that are not in this part */
	char last_hash[AUDIT_HASH + 1];
};

static void hash_copy(char out[AUDIT_HASH + 1], struct str hash)
{
	memset(out, 0, AUDIT_HASH + 1);
	memcpy(out, hash.p ? hash.p : "", hash.n < AUDIT_HASH ? hash.n : AUDIT_HASH);
}

struct audit_verifier *audit_verifier_new(const uint8_t *public_key, bool part)
{
	struct audit_verifier *v = mem_new(sizeof *v);

	crypt_sha256_much();
	arena_init(&v->arena);
	arena_init(&v->scratch);
	buf_init(&v->text, 8 * AUDIT_LINE_MAX);
	v->part = part;
	v->digest_known = !part;
	hash_copy(v->digest, str_of(audit_chain_start));
	hash_copy(v->last_hash, str_of(audit_chain_start));
	v->checks_signatures = public_key != NULL;
	if (public_key)
		memcpy(v->public_key, public_key, sizeof v->public_key);
	return v;
}

void audit_verifier_free(struct audit_verifier *v)
{
	if (!v)
		return;
	map_done(&v->chains);
	buf_done(&v->text);
	arena_done(&v->scratch);
	arena_done(&v->arena);
	mem_free(v);
}

static void fault(struct audit_verifier *v, int64_t home_id, int64_t seq, const char *why)
{
	if (v->verdict.faults++ < AUDIT_FAULTS_MAX)
		*(struct audit_fault *)vec_push(&v->arena, &v->faults, sizeof(struct audit_fault)) =
			(struct audit_fault){home_id, seq, v->line, str_of(why)};
}

static struct chain *chain_of(struct audit_verifier *v, int64_t home_id, bool *is_new)
{
	struct chain *c = map_get(&v->chains, (uint64_t)home_id);

	*is_new = !c;
	if (c)
		return c;
	c = arena_zero(&v->arena, sizeof *c);
	c->home_id = home_id;
	hash_copy(c->hash, str_of(audit_chain_start));
	map_put(&v->chains, (uint64_t)home_id, c);
	v->verdict.chains++;
	return c;
}

static void check_record(struct audit_verifier *v, const struct audit_record *r, const char *reckoned)
{
	bool is_new;
	struct chain *c = chain_of(v, r->home_id, &is_new);
	bool anchor = is_new && v->part; /* what was before it is not here */

	if (!anchor && r->seq != c->seq + 1)
		fault(v, r->home_id, r->seq, r->seq > c->seq ? "a record before it is missing" : "it stands in the wrong place");
	else if (!anchor && !str_is(r->prev_hash, c->hash))
		fault(v, r->home_id, r->seq, "it does not follow from the record before");
	else if (!str_is(r->hash, reckoned))
		fault(v, r->home_id, r->seq, "it was changed: its hash is another");
	else if (r->id <= v->last_id)
		fault(v, r->home_id, r->seq, "it stands in the wrong place");
	c->seq = r->seq;
	hash_copy(c->hash, r->hash);
	audit_digest_add(v->digest, r->hash);
	v->last_id = r->id;
	v->verdict.records++;
}

void audit_verify_record(struct audit_verifier *v, const struct audit_record *r)
{
	char reckoned[AUDIT_HASH + 1];

	record_hash(&v->text, r, reckoned);
	check_record(v, r, reckoned);
}

/* Is it what was signed? */
static const char *wrong_by_itself(struct audit_verifier *v, const struct audit_checkpoint *c)
{
	struct str text = statement(&v->scratch, c);
	uint8_t signature[CRYPT_SIGNATURE];

	if (!str_eq(crypt_sha256_hex(&v->scratch, text), c->hash))
		return "it was changed: its hash is another";
	if (!crypt_unhex(c->signature, signature, sizeof signature) ||
	    (v->checks_signatures && !crypt_signed_by(v->public_key, text, signature)))
		return "its signature is not by this key";
	return NULL;
}

/* Does it fit what came before it? */
static const char *does_not_fit(const struct audit_verifier *v, const struct audit_checkpoint *c)
{
	bool first = !v->verdict.last_no;

	if (first && v->part && !v->verdict.records)
		return NULL; /* what it covers is not in this part; the part goes on from it */
	if (!(first && v->part) && c->no != v->verdict.last_no + 1)
		return c->no > v->verdict.last_no ? "a checkpoint before it is missing" : "it stands in the wrong place";
	if (!(first && v->part) && !str_is(c->prev_hash, v->last_hash))
		return "it does not follow from the checkpoint before";
	if (c->last_id > v->last_id)
		return "records that it covers are missing";
	if (c->last_id < v->last_id)
		return "it stands in the wrong place, or records were put before it";
	if (v->digest_known && c->records != v->covered_before + v->verdict.records)
		return "records that it covers are missing, or others were put between them";
	if (v->digest_known && !str_is(c->digest, v->digest))
		return "the records before it are not those that it was made of";
	return NULL;
}

void audit_verify_checkpoint(struct audit_verifier *v, const struct audit_checkpoint *c)
{
	const char *why;

	/* Two exports, one behind the other, both have the one at their border. */
	if (v->verdict.last_no && c->no == v->verdict.last_no && str_is(c->hash, v->last_hash) && c->last_id == v->last_id && !wrong_by_itself(v, c))
		return;
	arena_reset(&v->scratch);
	why = wrong_by_itself(v, c);
	if (!why)
		why = does_not_fit(v, c);
	if (why)
		fault(v, 0, c->no, why);
	v->verdict.checkpoints++;
	v->verdict.last_no = c->no;
	v->verdict.last_at = c->at;
	v->verdict.covered = v->verdict.records;
	v->last_id = v->verdict.records ? v->last_id : c->last_id;
	hash_copy(v->last_hash, c->hash);
	hash_copy(v->digest, c->digest);
	v->covered_before = c->records - v->verdict.records;
	v->digest_known = true;
}

void audit_verify_line(struct audit_verifier *v, struct str line)
{
	struct audit_checkpoint c = {0};
	struct audit_record r = {0};
	struct record_text t = {0};
	char reckoned[AUDIT_HASH + 1];

	v->line++;
	if (record_read(line, &t, &r)) {
		record_text_hash(&v->text, &t, reckoned);
		check_record(v, &r, reckoned);
	} else if (checkpoint_read(line, &c)) {
		audit_verify_checkpoint(v, &c);
	} else {
		fault(v, 0, 0, "this line is no record and no checkpoint as an export has them");
	}
}

void audit_verify_head(struct audit_verifier *v, int64_t home_id, int64_t seq, struct str hash)
{
	struct chain *c = map_get(&v->chains, (uint64_t)home_id);

	if (!c) {
		fault(v, home_id, seq, "all records of its chain are missing");
		return;
	}
	c->headed = true;
	if (c->seq != seq || !str_is(hash, c->hash))
		fault(v, home_id, seq, "the end of its chain is missing or was changed");
}

void audit_verify_end(struct audit_verifier *v, bool heads, struct audit_verdict *out)
{
	void *value;

	for (size_t at = 0; heads && map_next(&v->chains, &at, &value);) {
		const struct chain *c = value;

		if (!c->headed)
			fault(v, c->home_id, c->seq, "its chain is not in the list of chains");
	}
	v->verdict.list = v->faults.items;
	v->verdict.last_hash = str_of(v->last_hash);
	*out = v->verdict;
}
