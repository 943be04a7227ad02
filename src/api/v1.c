/* Our own API: what the console starts with, commands, alerts, search and the rest. docs/api.md is its manual. */
#include "api/handlers.h"
#include "api/pages.h"
#include "api/provision.h"
#include "base/yaml.h"
#include "commands/rows.h"
#include "commands/rulebook.h"
#include "engine/alerts.h"
#include "engine/apps.h"
#include "engine/messages.h"
#include "store/apps.h"
#include "store/chat.h"
#include "store/journal.h"

/* ---- boot ---- */

static bool boot_channels(struct exchange *x, struct json_out *o)
{
	struct engine *e = x->work.engine;
	struct channel *all;
	size_t count;

	if (!store_channel_list(e->db, x_arena(x), e->workspace_id, 0, 5000, &all, &count, &x->err))
		return false;
	json_key(o, "channels");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		int64_t last_read = 0;
		bool member = store_member_find(e->db, all[i].id, x->user.id, &last_read, &x->err);

		if (member || all[i].kind == CHANNEL_PUBLIC)
			chat_write_boot_channel(&x->work, o, &all[i], x->user.id, member, last_read);
	}
	json_close(o, ']');
	return x->err.code == ERR_NONE;
}

static bool boot_users(struct exchange *x, struct json_out *o)
{
	struct engine *e = x->work.engine;
	struct user *all;
	size_t count;

	if (!store_user_list(e->db, x_arena(x), e->workspace_id, 0, 5000, &all, &count, &x->err))
		return false;
	json_key(o, "users");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		chat_write_boot_user(&x->work, o, &all[i]);
	json_close(o, ']');
	return true;
}

static void put_param(struct json_out *o, const struct param *p)
{
	json_open(o, '{');
	json_add_str(o, "name", p->name);
	json_add_str(o, "type", str_of(param_type_name(p->type)));
	json_add_bool(o, "option", p->option);
	json_add_bool(o, "required", p->required);
	if (p->rest || p->repeat)
		json_add_bool(o, p->rest ? "rest" : "repeat", true);
	if (p->letter)
		json_add_str(o, "letter", str_n(&p->letter, 1));
	if (p->help.n)
		json_add_str(o, "help", p->help);
	if (p->choice_count) {
		json_key(o, "choices");
		json_open(o, '[');
		for (size_t i = 0; i < p->choice_count; i++)
			json_put_str(o, p->choices[i]);
		json_close(o, ']');
	}
	json_close(o, '}');
}

static void put_command(struct json_out *o, const struct command_spec *s)
{
	json_open(o, '{');
	json_add_str(o, "name", s->words);
	json_add_str(o, "plugin", s->plugin);
	json_add_str(o, "args", s->usage);
	json_add_str(o, "help", s->summary);
	json_add_str(o, "risk", str_of(risk_name(s->risk)));
	json_add_bool(o, "dry_run", s->dry_run);
	json_key(o, "params");
	json_open(o, '[');
	for (size_t i = 0; i < s->param_count; i++)
		put_param(o, &s->params[i]);
	json_close(o, ']');
	json_close(o, '}');
}

/* What every command takes, and what may stand behind a pipe. */
static void boot_grammar(struct json_out *o)
{
	struct param p;

	json_key(o, "command_flags");
	json_open(o, '[');
	for (size_t i = 0; line_flag(i, &p); i++)
		if (p.help.n)
			put_param(o, &p);
	json_close(o, ']');
	json_key(o, "command_filters");
	json_open(o, '[');
	for (size_t i = 0; rows_filter_at(i); i++) {
		json_open(o, '{');
		json_add_str(o, "name", str_of(rows_filter_at(i)->name));
		json_add_str(o, "args", str_of(rows_filter_at(i)->args));
		json_add_str(o, "help", str_of(rows_filter_at(i)->help));
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void put_app(struct exchange *x, struct json_out *o, const struct app *app, const struct app_manifest *m)
{
	json_open(o, '{');
	json_add_str(o, "id", id_write(x_arena(x), 'A', app->id));
	json_add_str(o, "name", app->name);
	json_key(o, "commands");
	json_open(o, '[');
	for (size_t i = 0; i < m->command_count; i++) {
		json_open(o, '{');
		json_add_str(o, "command", m->commands[i].command);
		json_add_str(o, "args", m->commands[i].usage_hint);
		json_add_str(o, "help", m->commands[i].description);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_key(o, "shortcuts");
	json_open(o, '[');
	for (size_t i = 0; i < m->shortcut_count; i++) {
		json_open(o, '{');
		json_add_str(o, "callback_id", m->shortcuts[i].callback_id);
		json_add_str(o, "name", m->shortcuts[i].name);
		json_add_str(o, "type", m->shortcuts[i].of_message ? S("message") : S("global"));
		json_close(o, '}');
	}
	json_close(o, ']');
	json_close(o, '}');
}

/* What apps offer people: those with commands or shortcuts. */
static bool boot_apps(struct exchange *x, struct json_out *o)
{
	struct engine *e = x->work.engine;
	struct app *all;
	size_t count;

	if (!store_app_list(e->db, x_arena(x), e->workspace_id, &all, &count, &x->err))
		return false;
	json_key(o, "apps");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++) {
		struct app_manifest m = app_manifest_of(x_arena(x), &all[i]);

		if (m.command_count || m.shortcut_count)
			put_app(x, o, &all[i], &m);
	}
	json_close(o, ']');
	return true;
}

static void boot_commands(struct exchange *x, struct json_out *o)
{
	const struct command_set *set = x->work.engine->rulebook->commands;

	json_key(o, "commands");
	json_open(o, '[');
	for (size_t i = 0; i < command_set_count(set); i++)
		if (caller_could(&x->work, &x->caller, command_set_at(set, i)))
			put_command(o, command_set_at(set, i));
	json_close(o, ']');
	json_key(o, "command_prefixes");
	json_open(o, '[');
	for (size_t i = 0; i < command_prefix_count; i++)
		json_put_str(o, str_of(command_prefixes[i]));
	json_close(o, ']');
	boot_grammar(o);
}

void v1_boot(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct json_out o = x_object(x, 200);

	json_key(&o, "self");
	json_open(&o, '{');
	json_add_str(&o, "user_id", id_write(x_arena(x), 'U', x->user.id));
	json_add_str(&o, "name", x->user.name);
	json_add_str(&o, "real_name", x->user.real_name);
	json_add_str(&o, "role", str_of(role_name(x->user.role)));
	json_close(&o, '}');
	json_key(&o, "team");
	json_open(&o, '{');
	json_add_str(&o, "id", id_write(x_arena(x), 'T', e->workspace_id));
	json_add_str(&o, "name", e->workspace_name);
	json_add_str(&o, "url", arena_printf(x_arena(x), STR_FMT "/", STR_ARG(e->config.public_url)));
	json_close(&o, '}');
	if (!boot_channels(x, &o) || !boot_users(x, &o))
		return;
	boot_commands(x, &o);
	if (boot_apps(x, &o))
		json_close(&o, '}');
}

/* ---- commands and alerts ---- */

void v1_commands(struct exchange *x)
{
	struct json *body = x_body(x);
	struct command_result r;
	struct caller caller = x->caller;
	struct channel ch;
	struct str exact = json_get_str(body, "exact");
	struct json_out o;

	if (!body)
		return;
	caller.kind = exact.n ? LINE_CANONICAL : LINE_TYPED;
	if (json_get_str(body, "channel").n) {
		if (!chat_channel(&x->work, x->user.id, json_get_str(body, "channel"), &ch, &x->err))
			return;
		caller.channel_id = ch.id;
	}
	if (str_find(http_header_get(x->request, "User-Agent"), S("opsroom-cli"), NULL))
		caller.via = "cli";
	if (!command_run(&x->work, &caller, exact.n ? exact : json_get_str(body, "line"), &r)) {
		x->work.failed = true;
		return;
	}
	x->needed = r.changes ? SCOPE_WRITE : SCOPE_READ;
	if (!r.ok) {
		x->err = r.err;
		return;
	}
	o = x_object(x, r.waits || r.runs_on || r.planned.n ? 202 : 200);
	json_add_bool(&o, "ok", true);
	json_add_str(&o, "status", r.waits ? S("held") : r.runs_on ? S("running") : r.planned.n ? S("planned") : S("done"));
	json_add_str(&o, "text", r.text);
	if (r.data.n)
		json_add_raw(&o, "data", r.data);
	json_close(&o, '}');
}

void v1_alerts(struct exchange *x)
{
	enum alerts_wanted wanted;
	struct json_out o;

	if (!alerts_wanted_parse(x_query(x, "state"), &wanted)) {
		x_fail(x, ERR_INVALID, "state is one of open, firing, acknowledged, resolved, all");
		return;
	}
	o = x_object(x, 200);
	json_key(&o, "alerts");
	if (!alerts_write_groups(&x->work, &o, wanted, x_limit(x, 100, 1000), &x->err))
		return;
	json_close(&o, '}');
}

#define WOULD_MAX 100

/* Nothing comes of it: where alerts with these labels would go. */
void v1_alerts_test(struct exchange *x)
{
	struct json *body = x_body(x);
	const struct json *list = json_get(body, "alerts");
	struct labels labels;
	struct json_out o;

	if (!body)
		return;
	if (!json_is(list, JSON_ARRAY) || list->count > WOULD_MAX) {
		x_fail(x, ERR_INVALID, "alerts is a list of at most %d, each {\"labels\": {...}}", WOULD_MAX);
		return;
	}
	o = x_object(x, 200);
	json_key(&o, "alerts");
	json_open(&o, '[');
	for (const struct json *v = list->child; v; v = v->next) {
		if (!labels_parse(x_arena(x), json_get(v, "labels"), LABELS_DROP_EMPTY, &labels, &x->err))
			return;
		alerts_write_would(&x->work, &o, &labels, json_get_str(body, "source"), json_get_str(body, "tool"));
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

void v1_alert(struct exchange *x)
{
	struct err none = {0};
	struct group *g = alerts_find(&x->work, x->rest, &none);
	struct json_out o = x_json(x, 200);

	if (!g) {
		if (!alerts_write_past(&x->work, &o, x->rest))
			x->err = none;
		return;
	}
	alerts_write_group(&x->work, &o, g, true);
}

void v1_status(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct engine_counts *c = engine_counters(e);
	struct db_counts db = db_count(e->db);
	struct json_out o = x_object(x, 200);
	char now[WALL_TEXT_SIZE];
	int64_t waiting, oldest;

	alerts_count(e, c);
	store_outbox_waiting(e->db, &waiting, &oldest);
	json_add_str(&o, "version", S(OPSROOM_VERSION));
	json_add_int(&o, "uptime_ms", x->work.now - e->started);
	json_add_str(&o, "now", wall_write(now, x->work.now));
	json_key(&o, "alerts");
	json_open(&o, '{');
	json_add_int(&o, "firing", c->groups_firing);
	json_add_int(&o, "acknowledged", c->groups_acknowledged);
	json_add_int(&o, "active", c->alerts_active);
	json_close(&o, '}');
	json_key(&o, "outbox");
	json_open(&o, '{');
	json_add_int(&o, "waiting", waiting);
	json_add_int(&o, "oldest_ms", oldest ? x->work.now - id_time(oldest) : 0);
	json_close(&o, '}');
	json_key(&o, "store");
	json_open(&o, '{');
	json_add_int(&o, "schema", db.schema);
	json_add_int(&o, "commits", (int64_t)db.commits);
	json_add_int(&o, "writes", (int64_t)db.writes);
	json_close(&o, '}');
	json_close(&o, '}');
}

/* ---- provisioning, search, the virtual clock ---- */

void v1_provision(struct exchange *x)
{
	struct str file = str_clip(x_query(x, "file"), 200);
	const char *name = file.n ? arena_dup(x_arena(x), file).p : "provision";
	struct json *tree = yaml_parse(x_arena(x), x->request->body, name, &x->err);
	struct json_out o;

	if (!tree)
		return;
	o = x_json(x, 200);
	if (!provision_run(&x->work, tree, name, &o, &x->err)) {
		x->work.failed = true;
		return;
	}
	if (!x_audit(x, x->user.id, "provision", provision_detail(x_arena(x), file, x->request->body, x->request->remote), "ok"))
		x->work.failed = true;
}

void v1_search(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct str q = x_query(x, "q"), channel = x_query(x, "channel");
	struct channel ch = {0};
	struct search_hit *hits;
	unsigned indexed = 1;
	struct json_out o;
	size_t count;

	if (channel.n && !chat_channel(&x->work, x->user.id, channel, &ch, &x->err))
		return;
	/* The index runs behind; whoever searches sees all the same. */
	for (int i = 0; i < 20 && indexed; i++)
		if (!store_search_index(e->db, x_arena(x), 200, &indexed, &x->err))
			break;
	err_clear(&x->err);
	if (!store_search(e->db, x_arena(x), q, ch.id, x->user.id, x_limit(x, 30, 100), &hits, &count, &x->err))
		return;
	o = x_object(x, 200);
	json_key(&o, "matches");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		struct message m;

		if (!store_message_find(e->db, x_arena(x), hits[i].channel_id, hits[i].ts, &m, &x->err) || m.deleted)
			continue;
		json_open(&o, '{');
		json_add_str(&o, "channel", id_write(x_arena(x), 'C', m.channel_id));
		json_add_str(&o, "ts", ts_text(x_arena(x), m.ts));
		json_add_str(&o, "user", m.user_id ? id_write(x_arena(x), 'U', m.user_id) : S(""));
		json_add_str(&o, "text", m.text);
		json_add_str(&o, "snippet", hits[i].snippet);
		json_close(&o, '}');
	}
	json_close(&o, ']');
	json_close(&o, '}');
}

static void advanced(void *context)
{
	struct exchange *x = context;
	struct json_out o = x_object(x, 200);
	char now[WALL_TEXT_SIZE];

	json_add_str(&o, "now", wall_write(now, wall_now()));
	json_close(&o, '}');
	http_answer(x->api->server, x->request->conn,
		    &(struct http_answer){.status = 200, .content_type = x->content_type, .headers = buf_str(&x->headers), .body = buf_str(&x->body)});
	buf_done(&x->body);
	buf_done(&x->headers);
	http_request_free(x->request);
}

static void advance_start(struct exchange *x)
{
	if (engine_advance(x->api->engine, *(wall_ms *)x->context, advanced, x))
		return;
	buf_done(&x->body);
	buf_done(&x->headers);
	api_refuse(x->api, x->request, ERR_CONFLICT, "the clock is being moved already; wait for that answer");
}

void v1_advance(struct exchange *x)
{
	struct json *body = x_body(x);
	wall_ms *to = arena_alloc(x_arena(x), sizeof *to);
	span_ms by;

	if (!body)
		return;
	if (!clock_is_virtual())
		x_fail(x, ERR_FORBIDDEN, "the clock is the real one; start the daemon with --clock to have one that can be moved");
	else if (span_parse(json_get_str(body, "by"), &by))
		*to = x->work.now + by;
	else if (!wall_parse(json_get_str(body, "to"), to))
		x_fail(x, ERR_INVALID, "say {\"by\":\"15m\"} or {\"to\":\"2026-03-02T02:15:00Z\"}");
	if (x->err.code)
		return;
	x->context = to;
	x->finish = advance_start;
}
