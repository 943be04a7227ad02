/* When, from where and for what a token was used. Reads stay reads: the row is written once a minute at most, the audit trail
 * once a day for each address. */
#include "api/handlers.h"
#include "base/map.h"
#include "store/audit.h"
#include "store/chat.h"

#include <inttypes.h>

#define ROW_EVERY MINUTE
#define AUDIT_EVERY DAY
#define NEW_AFTER (90 * DAY) /* an address that was not seen for so long is a new one */
#define PLACES_MOST 10000    /* tokens and addresses in memory; past it they are looked up again */

struct token_uses {
	struct map rows;   /* token id -> when its row was written, as a pointer-sized number */
	struct map places; /* token, address and result -> when the audit trail was told */
};

struct token_uses *token_uses_new(void)
{
	return mem_new(sizeof(struct token_uses));
}

void token_uses_free(struct token_uses *u)
{
	map_done(&u->rows);
	map_done(&u->places);
	mem_free(u);
}

static wall_ms time_in(const struct map *m, uint64_t key)
{
	return (wall_ms)(intptr_t)map_get(m, key);
}

static void keep_time(struct map *m, uint64_t key, wall_ms at)
{
	map_put(m, key, (void *)(intptr_t)at);
}

static void note_row(struct exchange *x)
{
	struct engine *e = x->work.engine;
	const struct token *t = &x->token;
	struct map *rows = &x->api->token_uses->rows;
	int needed = x->err.code || (int)x->needed < t->needed ? t->needed : (int)x->needed;
	struct err ignored = {0};

	if (x->work.now - time_in(rows, (uint64_t)t->id) < ROW_EVERY && needed == t->needed)
		return;
	keep_time(rows, (uint64_t)t->id, x->work.now);
	if (!store_token_used(e->db, e->workspace_id, t->id, x->work.now, x->request->remote, needed, &ignored))
		return; /* a disk that cannot be written must not lock people out */
}

/* When the audit trail was last told of this token and address; 0: long ago, or never. */
static wall_ms told_before(struct exchange *x, const char *result)
{
	struct audit_filter f = {.action = S("token.use"),
				 .from = x->request->remote,
				 .result = str_of(result),
				 .text = arena_printf(x_arena(x), "%" PRId64, x->token.id),
				 .since = x->work.now - NEW_AFTER,
				 .limit = 1};
	struct audit_record *r;
	struct err ignored = {0};
	size_t count;

	return store_audit_search(x->work.engine->db, x_arena(x), x->work.engine->workspace_id, &f, &r, &count, &ignored) && count ? r->at : 0;
}

static struct str use_detail(struct exchange *x, bool is_new)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "token", arena_printf(x_arena(x), "%" PRId64, x->token.id));
	json_add_str(&o, "name", x->token.name);
	json_add_str(&o, "from", x->request->remote);
	if (is_new)
		json_add_bool(&o, "new_address", true);
	json_close(&o, '}');
	return buf_keep(x_arena(x), &b);
}

static void note_place(struct exchange *x)
{
	const char *result = x->user.id ? "ok" : x->token.revoked ? "revoked" : "inactive";
	struct map *places = &x->api->token_uses->places;
	uint64_t key = hash_mix(fnv_add(fnv_add(FNV_START, x->request->remote), str_of(result)) ^ hash_mix((uint64_t)x->token.id));
	uint64_t audits = db_count(x->work.engine->db).audits;
	wall_ms last = time_in(places, key);
	struct err err = {0};

	if (last && x->work.now - last < AUDIT_EVERY)
		return;
	if (places->count > PLACES_MOST)
		map_done(places);
	last = told_before(x, result);
	keep_time(places, key, last && x->work.now - last < AUDIT_EVERY ? last : x->work.now);
	if (last && x->work.now - last < AUDIT_EVERY)
		return;
	if (audit_note(&x->work, x->work.engine->workspace_id, x->token.user_id, "token.use", "api", use_detail(x, !last), result, &err))
		return;
	/* As above, if nothing was written; half a record must go, and then the request goes with it. */
	(void)map_take(places, key);
	if (db_count(x->work.engine->db).audits != audits) {
		x->err = err;
		x->work.failed = true;
	}
}

void token_note_use(struct exchange *x)
{
	if (!x->token.id || x->work.failed)
		return;
	if (x->user.id)
		note_row(x);
	note_place(x);
}
