/* The store is opened, and what every store has is made: the workspace, @srebot, the CLI's token, the way to a first admin. */
#include "api/provision.h"
#include "chat/table.h"
#include "commands/command.h"
#include "commands/plugin_go.h"
#include "commands/rulebook.h"
#include "daemon/daemon.h"
#include "daemon/data_dir.h"
#include "engine/housekeeping.h"
#include "ops/routing.h"
#include "ops/source.h"
#include "store/chat.h"
#include "store/journal.h"

/* The CLI's token on this machine: a person of its own, so that the audit says so. The file comes before the commit: a token
 * whose file could not be written must not count as made. */
static bool make_admin_token(struct work *w, struct daemon *d)
{
	struct user local = {.name = S("local-admin"), .real_name = S("opsroom on this machine"), .role = ROLE_ADMIN};
	struct engine *e = w->engine;
	struct token t;
	struct str made, secret;

	if (!store_setting_get(e->db, w->arena, e->workspace_id, "admin_token_made", &made, &w->err))
		return false;
	if (made.n)
		return true;
	return provision_user(w, &local, &w->err) &&
	       auth_make_token(w, &local, S("admin.token"), S("admin"), &t, &secret, &w->err) &&
	       store_setting_put(e->db, e->workspace_id, "admin_token_made", S("1"), &w->err) &&
	       data_write(w->arena, d->settings.data, "admin.token", secret, 0600, &w->err);
}

static bool make_setup_token(struct work *w, struct daemon *d)
{
	struct engine *e = w->engine;

	if (store_has_admin(e->db, e->workspace_id))
		return true;
	d->setup_token = crypt_word(&d->arena, 24);
	return store_setting_put(e->db, e->workspace_id, "setup_token", auth_hash(w->arena, d->setup_token),
				 &w->err);
}

static void start_run(struct work *w, void *context)
{
	struct daemon *d = context;

	/* We hold the lock of the data directory: what the last daemon had claimed is nobody's now. */
	w->failed = !store_due_release(w->engine->db, w->now, &w->err) || !provision_first(w, &w->err) ||
		    !housekeeping_start(w) || !make_admin_token(w, d) || !make_setup_token(w, d) ||
		    !auth_know_keys(w);
}

static bool start_clock(struct daemon *d, struct err *err)
{
	struct str stored;
	wall_ms at;

	if (!d->clock.n)
		return true;
	if (!wall_parse(d->clock, &at)) {
		err_set(err, ERR_INVALID, "--clock takes a time such as 2026-03-02T02:00:00Z");
		return false;
	}
	clock_make_virtual(at);
	if (!store_setting_get(d->engine->db, &d->arena, 0, "virtual_clock", &stored, err))
		return false;
	if (wall_parse(stored, &at))
		clock_set(at);
	return true;
}

struct mail_server daemon_mail_server(const struct daemon *d)
{
	const struct settings *s = &d->settings;

	return (struct mail_server){.url = s->mail_server, .from = s->mail_from, .login = s->mail_login, .ca = s->mail_ca, .plain = s->mail_without_tls != 0};
}

bool daemon_open(struct daemon *d, struct err *err)
{
	const struct settings *s = &d->settings;
	struct engine_config config = {
		.data_dir = s->data.p, .public_url = s->public_url, .queue_max = s->queue_max, .node = 1,
		.prometheus_url = s->prometheus_url, .alert_graphs = s->alert_graphs, .runs_keep = s->runs_keep, .upload_max = s->upload_max,
		.mail = daemon_mail_server(d)};
	struct rulebook_from from;

	d->engine = engine_new(&config, &d->loop, NULL, err);
	if (!d->engine)
		return false;
	d->engine->chats = chat_kinds;
	d->engine->run_row = command_run_row;
	d->engine->run_ended = plugin_ended;
	d->engine->run_again = plugin_try_again;
	d->engine->run_nested = plugin_nested;
	d->engine->sources = source_folder_read(s->sources_dir, err);
	if (d->engine->sources)
		source_folder_set_apart(d->engine->sources);
	d->engine->routing = d->engine->sources ? routing_read(s->alerting, err) : NULL;
	if (d->engine->routing)
		routing_set_apart(d->engine->routing);
	d->has_sources = s->sources_dir.n > 0;
	d->has_alerting = s->alerting.n > 0;
	from = (struct rulebook_from){.access = s->access, .plugins_dir = s->plugins_dir};
	d->engine->rulebook = d->engine->routing ? rulebook_read(&from, err) : NULL;
	if (d->engine->rulebook)
		daemon_say_plugins(d, d->engine->rulebook);
	d->has_access = s->access.n > 0;
	return d->engine->rulebook && start_clock(d, err) && engine_run_once(d->engine, start_run, d, err);
}

struct str daemon_local_url(struct daemon *d, struct str host, int port)
{
	bool any = str_is(host, "0.0.0.0") || str_is(host, "::");
	const char *scheme = d->settings.tls_certificate.n ? "https" : "http";

	if (memchr(host.p, ':', host.n) && !any)
		return arena_printf(&d->arena, "%s://[" STR_FMT "]:%d", scheme, STR_ARG(host), port);
	return arena_printf(&d->arena, "%s://" STR_FMT ":%d", scheme, STR_ARG(any ? S("127.0.0.1") : host), port);
}

struct str daemon_url(struct daemon *d, struct str host, int port)
{
	return d->settings.public_url.n ? d->settings.public_url : daemon_local_url(d, host, port);
}
