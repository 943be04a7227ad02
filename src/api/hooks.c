/* What tools send: the webhooks of sources, Slack's incoming webhooks. Alertmanager's API is alertmanager.c. */
#include "api/hooks.h"

#include "api/delivery_notes.h"
#include "api/handlers.h"
#include "api/slack.h"
#include "api/sns.h"
#include "api/source_auth.h"
#include "base/log.h"
#include "engine/heartbeats.h"
#include "net/body.h"

#include <inttypes.h>

/* ---- sources ---- */

/* Whoever sends a delivery once more was asked who they are. */
static bool replay_source(struct exchange *x, struct source *out)
{
	struct engine *e = x->work.engine;
	int64_t id = x->note.replay->source_id;

	x->note.source_id = id;
	if (id == DELIVERIES_OPEN_API) {
		out->name = S("api");
		return true;
	}
	if (store_source_find(e->db, x_arena(x), e->workspace_id, id, out, &x->err))
		return true;
	if (!x->err.code)
		x_fail(x, ERR_NOT_FOUND, "this source is not there any more");
	return false;
}

bool hook_source(struct exchange *x, struct str key, struct source *out)
{
	struct engine *e = x->work.engine;
	struct err err = {0};

	*out = (struct source){.name = S("?")};
	x->note.key = key;
	if (x->note.replay)
		return replay_source(x, out);
	if (key.n && key.n <= 200 &&
	    store_source_by_key(e->db, x_arena(x), e->workspace_id, auth_hash(x_arena(x), key), out, &err)) {
		x->note.source_id = out->id;
		x->note.auth = out->auth;
		x->note.unproven = !(source_auth_is_sns(out) ? sns_check(x, source_auth_topic(x_arena(x), out)) : source_auth_check(&x->work, x->request, out, &x->err));
		if (!x->note.unproven)
			return true;
		if (source_auth_is_basic(out))
			buf_add(&x->headers, S("WWW-Authenticate: Basic realm=\"opsroom\"\r\n"));
		return false;
	}
	if (err.code)
		x->err = err;
	else
		x_fail(x, ERR_UNAUTHENTICATED, "this key is not known; `opsroomd provision` or an admin makes one");
	return false;
}

void hook_refused(struct exchange *x, struct str source)
{
	if (x->finish)
		return; /* it waits for what it is checked with */
	x->note.told = true;
	engine_counters(x->work.engine)->deliveries_refused++;
	log_warn(EV_DELIVERY_REFUSED, F_STR("source", source), F_STR("from", x->request->remote),
		 F_TXT("why", x->err.text));
}

/* The headers as a program sees them: an object by lower-case names. */
static struct json *headers_tree(struct exchange *x)
{
	struct arena *a = x_arena(x);
	struct json *object = arena_zero(a, sizeof *object), **tail = &object->child;

	object->type = JSON_OBJECT;
	for (size_t i = 0; i < x->request->header_count; i++) {
		struct json *m = arena_zero(a, sizeof *m);

		m->type = JSON_STR;
		m->key = arena_lower(a, x->request->headers[i].name);
		m->text = json_mend(a, x->request->headers[i].value);
		*tail = m;
		tail = &m->next;
		object->count++;
	}
	return object;
}

bool hook_read(struct exchange *x, struct source_kind *kind, struct delivery *d, struct json *body, struct source_reading *out)
{
	d->http_status = 400;
	if (source_read(kind, x_arena(x), body, headers_tree(x), d->body, out, &x->work.err))
		return true;
	if (x->work.err.code == ERR_TOO_MANY)
		d->http_status = 413;
	return false;
}

static bool receive_events(struct exchange *x, struct source_kind *kind, struct delivery *d)
{
	struct str type = http_header_get(x->request, "Content-Type");
	struct json *body = content_type_is(type, "application/json") ? d->json : NULL;
	struct source_reading r;

	if (!source_kind_takes(kind, type)) {
		type = str_clip(type.n ? type : S("no content type"), 100);
		err_set(&x->work.err, ERR_UNSUPPORTED, "unsupported media type: " STR_FMT " is not what " STR_FMT " sends", STR_ARG(type), STR_ARG(source_kind_title(kind)));
		return false;
	}
	if (!body)
		body = body_parse(x_arena(x), type, d->body, &x->work.err);
	d->http_status = x->work.err.code == ERR_TOO_BIG ? 413 : 400;
	return body && hook_read(x, kind, d, body, &r) && sns_confirm(x, d, r.confirm_url) && alerts_receive_events(&x->work, d, r.events, r.count);
}

bool hook_is_theirs(enum err_code code)
{
	return code == ERR_INVALID || code == ERR_TOO_BIG || code == ERR_TOO_MANY;
}

bool hook_end(struct exchange *x, const struct delivery *d, bool ok)
{
	/* Who sends it once more is not the source: that may be silent all the same. */
	if (ok && (x->note.replay || heartbeat_heard(&x->work, d->source_id))) {
		delivery_taken(x, d);
		log_debug(EV_DELIVERY, F_STR("source", d->source_name), F_INT("alerts", d->alerts), F_INT("changed", d->changed));
		return true;
	}
	x->status = hook_is_theirs(x->work.err.code) ? d->http_status : 0;
	x->err = x->work.err;
	x->work.failed = true;
	hook_refused(x, d->source_name);
	return false;
}

static void answer_delivery(struct exchange *x, const struct delivery *d)
{
	struct json_out o = x_object(x, 200);

	json_add_bool(&o, "ok", true);
	json_add_int(&o, "alerts", d->alerts);
	json_add_int(&o, "changed", d->changed);
	json_close(&o, '}');
}

/* Alertmanager speaks the most; its kind in the program is there for `opsroom source test`. A team's own goes before it as any other. */
static bool is_read_by_hand(const struct source_kind *kind)
{
	return kind == source_builtin(S("alertmanager"));
}

/* A kind that is not there, or does not compile, is our side's fault: the sender is told to come again, so that nothing is lost. */
static struct source_kind *find_kind(struct exchange *x, struct str tool, const struct source *s)
{
	struct source_kind *kind = source_find(x->work.engine->sources, tool);
	struct err why = {0};

	if (!str_eq(s->tool, tool)) {
		x_fail(x, ERR_NOT_FOUND, "this key belongs to a source of another tool: " STR_FMT, STR_ARG(s->tool));
		return NULL;
	}
	if (!kind) {
		x_fail(x, ERR_UNAVAILABLE, "what " STR_FMT " sends is not known now: its file is missing in sources_dir", STR_ARG(tool));
		return NULL;
	}
	if (is_read_by_hand(kind) || source_kind_compile(kind, &why))
		return kind;
	log_error(EV_BUG, F_TXT("where", "source"), F_TXT("what", why.text));
	x_fail(x, ERR_UNAVAILABLE, "what " STR_FMT " sends cannot be read now; the log says why", STR_ARG(tool));
	return NULL;
}

struct source_kind *hook_begin(struct exchange *x, struct str key, struct str tool, struct delivery *d)
{
	struct source s = {.name = S("?")};
	struct source_kind *kind = hook_source(x, key, &s) ? find_kind(x, tool, &s) : NULL;

	if (!kind) {
		hook_refused(x, s.name);
		return NULL;
	}
	d->source_id = s.id;
	d->source_name = s.name;
	d->tool = s.tool;
	d->channel_id = s.channel_id;
	return kind;
}

/* POST /hooks/TOOL/KEY; a trailing slash is fine. */
void hook_tool(struct exchange *x)
{
	struct str tool, key = str_cut(x->rest, '/', &tool);
	struct delivery d = {.body = x->request->body, .json = x->json};
	struct source_kind *kind;

	if (key.n && key.p[key.n - 1] == '/')
		key.n--;
	kind = hook_begin(x, key, tool, &d);
	if (kind && hook_end(x, &d, is_read_by_hand(kind) ? alerts_receive_webhook(&x->work, &d) : receive_events(x, kind, &d)))
		answer_delivery(x, &d);
}

void hook_what_is_this(struct exchange *x)
{
	x_text(x, 200, "This is an opsroom webhook: a tool sends its alerts here with POST. It works.\n");
}

/* ---- Slack's incoming webhooks: POST /services/T.../B.../KEY ---- */

static bool find_webhook(struct exchange *x, struct webhook *out)
{
	struct engine *e = x->work.engine;
	struct str team, bot, key = str_cut(str_cut(x->rest, '/', &team), '/', &bot);
	struct err err = {0};
	int64_t team_id, id;

	if (key.n && key.p[key.n - 1] == '/')
		key.n--;
	if (!id_parse(team, "T", &team_id) || team_id != e->workspace_id) {
		x->status = 404;
		x_fail(x, ERR_NOT_FOUND, "no_team");
		return false;
	}
	if (!id_parse(bot, "B", &id) || !store_webhook_find(e->db, x_arena(x), e->workspace_id, id, out, &err)) {
		x->status = 404;
		x_fail(x, ERR_NOT_FOUND, "no_service");
		return false;
	}
	if (!str_eq_secret(out->key_hash, auth_hash(x_arena(x), key))) {
		x->status = 403;
		x_fail(x, ERR_FORBIDDEN, "invalid_token");
		return false;
	}
	return true;
}

/* JSON, or a form with `payload`. */
static const struct json *webhook_payload(struct exchange *x)
{
	const struct http_request *r = x->request;
	struct str body = r->body;
	struct err ignored = {0};
	struct form form;
	const struct json *payload;

	if (content_type_is(http_header_get(r, "Content-Type"), "application/x-www-form-urlencoded") &&
	    (!body.n || str_trim(body).p[0] != '{'))
		body = form_parse(x_arena(x), body, &form, &ignored) ? form_get(&form, "payload") : S("");
	payload = json_parse(x_arena(x), body, JSON_LAST_KEY_WINS, &ignored);
	if (json_is(payload, JSON_OBJECT))
		return payload;
	x->status = 400;
	x_fail(x, ERR_INVALID, "invalid_payload");
	return NULL;
}

static bool webhook_channel(struct exchange *x, const struct webhook *hook, const struct json *payload,
			    struct channel *out)
{
	struct str named = json_get_str(payload, "channel");
	struct engine *e = x->work.engine;
	struct err err = {0};
	int64_t id;
	bool ok;

	if (named.n && (named.p[0] == '@' || id_parse(named, "UW", &id))) {
		x->status = 400; /* a webhook is no person: it has no direct messages, so there is nobody whom it could find */
		x_fail(x, ERR_NOT_FOUND, "user_not_found");
		return false;
	}
	if (named.n)
		ok = chat_channel(&x->work, 0, named, out, &err) &&
		     (out->kind == CHANNEL_PUBLIC || out->id == hook->channel_id);
	else
		ok = store_channel_find(e->db, x_arena(x), hook->channel_id, out, &err);
	if (!ok) {
		x->status = 404;
		x_fail(x, ERR_NOT_FOUND, "channel_not_found");
	} else if (out->archived) {
		x->status = 410;
		x_fail(x, ERR_CONFLICT, "channel_is_archived");
	}
	return x->err.code == ERR_NONE;
}

void hook_incoming(struct exchange *x)
{
	struct message m = {.kind = MESSAGE_BOT};
	const struct json *payload;
	const char *error;
	struct str details, thread;
	struct webhook hook;
	struct channel ch;
	struct buf named;
	struct err err = {0};

	if (!find_webhook(x, &hook) || !(payload = webhook_payload(x)) || !webhook_channel(x, &hook, payload, &ch))
		return;
	if (!slack_read_message(&x->work, payload, NULL, true, &m, &error, &details)) {
		x->status = 400;
		x_fail(x, ERR_INVALID, "%s", error);
		return;
	}
	m.bot_id = hook.id;
	thread = json_get_str(payload, "thread_ts");
	if (thread.n && !ts_parse(thread, &m.thread_ts)) {
		x->status = 400;
		x_fail(x, ERR_INVALID, "invalid_thread_ts");
		return;
	}
	if (!json_get_str(payload, "username").n) { /* who posts must be seen: the webhook's name */
		struct json_out o;

		buf_init(&named, 1 * MIB);
		o = json_out(&named);
		json_open(&o, '{');
		json_add_str(&o, "username", hook.name);
		if (m.body.n > 2)
			json_put_raw(&o, str_n(m.body.p + 1, m.body.n - 2));
		json_close(&o, '}');
		if (m.body.n > 2 || m.text.n)
			m.body = arena_dup(x_arena(x), buf_str(&named));
		buf_done(&named);
	}
	if (!chat_post_message(&x->work, &ch, &m, &err)) {
		x->status = err.code == ERR_INVALID || err.code == ERR_TOO_BIG || err.code == ERR_NOT_FOUND ? 400 : 0;
		x->err = err;
		x->work.failed = true;
		return;
	}
	/* Alertmanager and Grafana compare it byte by byte, and take a JSON content type for the Web API. */
	x->status = 200;
	x->content_type = "text/html";
	buf_add(&x->body, S("ok"));
}
