/* opsroomd: reads its settings, starts the rooms, stops them in order. */
#include "api/provision.h"
#include "api/exchange.h"
#include "base/log.h"
#include "base/yaml.h"
#include "chat/table.h"
#include "commands/mention.h"
#include "engine/housekeeping.h"
#include "engine/alerts.h"
#include "net/client.h"
#include "net/tls.h"
#include "store/chat.h"
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct settings {
	struct str data, listen, public_url, certificate, key, log_level, clock;
	const char *config_file;
	bool check;
};

struct daemon {
	struct settings settings;
	struct arena arena;
	uv_loop_t loop;
	uv_signal_t signals[3];
	struct engine *engine;
	struct server *server;
	struct api *api;
	struct tls_context *tls;
	int lock;
	struct str link; /* to make the first admin; "" when there is one */
	struct str url;
	mono_ms began;
};

/* ---- settings ---- */

struct setting {
	const char *name;
	size_t offset;
};
#define SETTING(n, member) {n, offsetof(struct settings, member)}
static const struct setting setting_table[] = {
	SETTING("data", data), SETTING("listen", listen), SETTING("public_url", public_url), SETTING("tls_certificate", certificate), SETTING("tls_key", key), SETTING("log_level", log_level),
};

static struct str *setting_find(struct settings *s, struct str name)
{
	for (size_t i = 0; i < COUNT_OF(setting_table); i++)
		if (str_is(name, setting_table[i].name))
			return (struct str *)((char *)s + setting_table[i].offset);
	return NULL;
}

static bool read_file(struct arena *a, const char *path, struct str *out, struct err *err)
{
	struct buf b;
	FILE *f = fopen(path, "re");
	char part[4096];
	size_t n;

	if (!f) {
		err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
		return false;
	}
	buf_init(&b, 1 * MIB);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(&b, str_n(part, n));
	fclose(f);
	if (b.failed)
		err_set(err, ERR_TOO_BIG, "%s is larger than 1 MiB", path);
	*out = arena_dup(a, buf_str(&b));
	buf_done(&b);
	return err->code == ERR_NONE;
}

static bool read_config(struct daemon *d, struct err *err)
{
	struct settings from_file = {0};
	struct json *tree;
	struct str text;

	if (!d->settings.config_file)
		return true;
	if (!read_file(&d->arena, d->settings.config_file, &text, err) || !(tree = yaml_parse(&d->arena, text, d->settings.config_file, err)))
		return false;
	for (const struct json *v = tree->child; v; v = v->next) {
		struct str *to = setting_find(&from_file, v->key), *given = setting_find(&d->settings, v->key);

		if (!to) {
			err_set(err, ERR_INVALID, "%s: line %u: there is no setting `" STR_FMT "`", d->settings.config_file, v->line, STR_ARG(str_clip(v->key, 60)));
			return false;
		}
		if (v->type >= JSON_ARRAY) {
			err_set(err, ERR_INVALID, "%s: line %u: `" STR_FMT "` takes one value", d->settings.config_file, v->line, STR_ARG(v->key));
			return false;
		}
		if (!given->p) /* the command line wins */
			*given = v->type == JSON_NULL ? (struct str){NULL, 0} : v->text;
	}
	return true;
}

static bool finish_settings(struct daemon *d, struct err *err)
{
	struct settings *s = &d->settings;
	enum log_level level;

	if (!s->data.p)
		s->data = S("./var");
	if (!s->listen.p)
		s->listen = S("127.0.0.1:8065");
	if (s->log_level.p && !log_level_parse(s->log_level, &level)) {
		err_set(err, ERR_INVALID, "log_level is debug, info, warn or error");
		return false;
	}
	if (s->log_level.p)
		log_set_level(level);
	if (!s->certificate.n != !s->key.n) {
		err_set(err, ERR_INVALID, "tls_certificate and tls_key go together");
		return false;
	}
	return true;
}

static bool split_listen(struct str listen, struct str *host, int *port)
{
	size_t colon = listen.n;
	int64_t v;

	while (colon && listen.p[colon - 1] != ':')
		colon--;
	if (!colon || !str_to_int(str_n(listen.p + colon, listen.n - colon), &v) || v < 0 || v > 65535)
		return false;
	*host = str_n(listen.p, colon - 1);
	if (host->n > 2 && host->p[0] == '[')
		*host = str_n(host->p + 1, host->n - 2);
	*port = (int)v;
	return true;
}

/* ---- the data directory ---- */

static bool write_secret(struct daemon *d, const char *name, struct str text, mode_t mode, struct err *err)
{
	struct str path = arena_printf(&d->arena, STR_FMT "/%s", STR_ARG(d->settings.data), name);
	int fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	bool ok = fd >= 0 && fchmod(fd, mode) == 0 && write(fd, text.p, text.n) == (ssize_t)text.n;

	if (fd >= 0)
		close(fd);
	if (!ok)
		err_set(err, ERR_FULL, "%s cannot be written: %s", path.p, strerror(errno));
	return ok;
}

static bool lock_data(struct daemon *d, struct err *err)
{
	struct str path = arena_printf(&d->arena, STR_FMT "/lock", STR_ARG(d->settings.data));

	if (mkdir(arena_dup(&d->arena, d->settings.data).p, 0700) != 0 && errno != EEXIST) {
		err_set(err, ERR_FULL, STR_FMT " cannot be made: %s", STR_ARG(d->settings.data), strerror(errno));
		return false;
	}
	d->lock = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock < 0) {
		err_set(err, ERR_FULL, "%s: %s", path.p, strerror(errno));
		return false;
	}
	if (flock(d->lock, LOCK_EX | LOCK_NB) != 0) {
		err_set(err, ERR_CONFLICT, STR_FMT " is in use by another opsroomd", STR_ARG(d->settings.data));
		return false;
	}
	return true;
}

/* ---- the first start ---- */

struct start {
	struct daemon *d;
	struct str setup_token, admin_token;
};

static void start_run(struct work *w, void *context)
{
	struct start *s = context;
	struct engine *e = w->engine;
	struct token t;
	struct str made;

	w->failed = true;
	/* We hold the lock of the data directory: what the last daemon had claimed is nobody's now. */
	if (!store_due_release(e->db, w->now, &w->err) || !provision_first(w, &w->err) || !housekeeping_start(w))
		return;
	if (!store_setting_get(e->db, w->arena, e->workspace_id, "admin_token_made", &made, &w->err))
		return;
	if (!made.n) {
		/* The CLI's token on this machine: a person of its own, so that the audit says so. */
		struct user local = {.name = S("local-admin"), .real_name = S("opsroom on this machine"), .role = ROLE_ADMIN};

		if (!provision_user(w, &local, &w->err) || !auth_make_token(w, &local, S("admin.token"), S("admin"), &t, &s->admin_token, &w->err) ||
		    !store_setting_put(e->db, e->workspace_id, "admin_token_made", S("1"), &w->err))
			return;
		s->admin_token = arena_dup(&s->d->arena, s->admin_token);
	}
	if (!store_has_admin(e->db, e->workspace_id)) {
		s->setup_token = crypt_word(&s->d->arena, 24);
		if (!store_setting_put(e->db, e->workspace_id, "setup_token", auth_hash(w->arena, s->setup_token), &w->err))
			return;
	}
	w->failed = false;
}

/* ---- signals ---- */

static void on_drained(void *context)
{
	struct daemon *d = context;

	uv_stop(&d->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;
	struct err err = {0};

	if (number == SIGHUP) {
		if (d->tls && !tls_context_reload(d->tls, &err))
			log_error(EV_RELOAD, F_TXT("error", err.text));
		else
			log_info(EV_RELOAD, F_TXT("tls", d->tls ? "yes" : "no"));
		return;
	}
	api_set_ready(d->api, false);
	log_info(EV_DRAIN, F_INT("connections", server_count(d->server).connections));
	server_drain(d->server, 10 * SECOND, on_drained, d);
}

static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (!path || strlen(path) >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && sendto(fd, state, strlen(state), 0, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		log_warn(EV_BUG, F_TXT("where", "sd_notify"), F_TXT("what", strerror(errno)));
	if (fd >= 0)
		close(fd);
}

/* ---- starting ---- */

static bool make_engine(struct daemon *d, struct start *start, struct err *err)
{
	struct engine_config config = {.data_dir = arena_dup(&d->arena, d->settings.data).p, .public_url = d->settings.public_url, .queue_max = 10000, .node = 1};
	struct str stored;
	wall_ms at;

	d->engine = engine_new(&config, &d->loop, NULL, err);
	if (!d->engine)
		return false;
	d->engine->chats = chat_kinds;
	d->engine->run_command_row = mention_run;
	if (d->settings.clock.p) {
		if (!wall_parse(d->settings.clock, &at)) {
			err_set(err, ERR_INVALID, "--clock takes a time such as 2026-03-02T02:00:00Z");
			return false;
		}
		clock_make_virtual(at);
		if (store_setting_get(d->engine->db, &d->arena, 0, "virtual_clock", &stored, err) && wall_parse(stored, &at))
			clock_set(at);
	}
	return engine_run_once(d->engine, start_run, start, err);
}

static struct str url_of(struct daemon *d, struct str host, int port)
{
	bool any = str_is(host, "0.0.0.0") || str_is(host, "::");
	const char *scheme = d->tls ? "https" : "http";

	if (d->settings.public_url.n)
		return d->settings.public_url;
	if (memchr(host.p, ':', host.n) && !any)
		return arena_printf(&d->arena, "%s://[" STR_FMT "]:%d", scheme, STR_ARG(host), port);
	return arena_printf(&d->arena, "%s://" STR_FMT ":%d", scheme, STR_ARG(any ? S("127.0.0.1") : host), port);
}

static bool open_net(struct daemon *d, struct err *err)
{
	struct server_limits limits = server_default_limits;
	struct server_events events = {.on_request = api_on_request, .on_ws_message = api_on_ws_message, .on_ws_closed = api_on_ws_closed, .on_answered = api_on_answered};
	struct str host;
	int port;
	bool loopback;

	limits.body_bytes = 4 * MIB;
	if (!split_listen(d->settings.listen, &host, &port)) {
		err_set(err, ERR_INVALID, "listen is ADDRESS:PORT, not " STR_FMT, STR_ARG(d->settings.listen));
		return false;
	}
	if (d->settings.certificate.n && !(d->tls = tls_context_new(arena_dup(&d->arena, d->settings.certificate).p, arena_dup(&d->arena, d->settings.key).p, err)))
		return false;
	d->api = api_new(d->engine, &d->loop);
	events.context = d->api;
	d->server = server_new(&d->loop, &limits, &events);
	api_set_server(d->api, d->server);
	engine_set_server(d->engine, d->server);
	if (!server_listen(d->server, host, &port, d->tls, err))
		return false;
	d->url = url_of(d, host, port);
	loopback = str_starts(host, S("127.")) || str_is(host, "::1");
	d->engine->config.public_url = d->url;
	d->engine->config.open_alert_api = loopback && !d->settings.public_url.n;
	return true;
}

static bool announce(struct daemon *d, const struct start *start, struct err *err)
{
	if (start->admin_token.n && !write_secret(d, "admin.token", start->admin_token, 0600, err))
		return false;
	if (!write_secret(d, "daemon.url", d->url, 0644, err))
		return false;
	printf("opsroom: listening on " STR_FMT "\n", STR_ARG(d->url));
	if (start->setup_token.n)
		printf("opsroom: make the first admin at " STR_FMT "/setup#" STR_FMT "\n", STR_ARG(d->url), STR_ARG(start->setup_token));
	fflush(stdout);
	log_info(EV_START, F_STR("url", d->url), F_INT("ms", mono_now() - d->began));
	return true;
}

static int run(struct daemon *d, struct err *err)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	struct start start = {.d = d};
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&d->loop);
	ok = lock_data(d, err) && make_engine(d, &start, err) && open_net(d, err) && engine_start(d->engine, err) && announce(d, &start, err);
	if (ok) {
		for (size_t i = 0; i < COUNT_OF(numbers); i++) {
			uv_signal_init(&d->loop, &d->signals[i]);
			d->signals[i].data = d;
			uv_signal_start(&d->signals[i], on_signal, numbers[i]);
		}
		api_set_ready(d->api, true);
		notify("READY=1");
		uv_run(&d->loop, UV_RUN_DEFAULT);
		notify("STOPPING=1");
		engine_stop(d->engine);
		log_info(EV_STOP, F_TXT("reason", "signal"));
	}
	if (!ok)
		fprintf(stderr, "opsroomd: %s\n", err->text);
	return ok ? 0 : err_info(err->code)->exit_code;
}

/* ---- provisioning before the start ---- */

struct provisioning {
	struct json *tree;
	const char *file;
	struct buf out;
};

static void provisioning_run(struct work *w, void *context)
{
	struct provisioning *p = context;
	struct json_out o = json_out(&p->out);

	w->failed = !provision_run(w, p->tree, p->file, &o, &w->err);
}

int provision_through_daemon(struct daemon *d, struct str yaml, struct err *err);

static int provision(struct daemon *d, const char *file, struct err *err)
{
	struct start start = {.d = d};
	struct provisioning p = {.file = file};
	struct str yaml, host;
	int port;

	buf_init(&p.out, 4 * MIB);
	if (!read_file(&d->arena, file, &yaml, err) || !(p.tree = yaml_parse(&d->arena, yaml, file, err)))
		return err_info(err->code)->exit_code;
	if (!lock_data(d, err)) {
		if (err->code != ERR_CONFLICT)
			return err_info(err->code)->exit_code;
		err_clear(err);
		return provision_through_daemon(d, yaml, err);
	}
	if (!make_engine(d, &start, err) || !split_listen(d->settings.listen, &host, &port))
		return 2;
	d->engine->config.public_url = url_of(d, host, port);
	if ((start.admin_token.n && !write_secret(d, "admin.token", start.admin_token, 0600, err)) || !alerts_reload(d->engine, err) ||
	    !engine_run_once(d->engine, provisioning_run, &p, err))
		return err_info(err->code)->exit_code;
	printf("%s\n", p.out.p);
	buf_done(&p.out);
	return 0;
}

int provision_through_daemon(struct daemon *d, struct str yaml, struct err *err)
{
	struct str base, token, bearer;
	struct client_request r = {.method = "POST", .body = yaml, .deadline = 10 * SECOND, .answer_max_bytes = 4 * MIB};
	struct client_answer answer = {0};
	struct buf body;

	buf_init(&body, 4 * MIB);
	if (!read_file(&d->arena, arena_printf(&d->arena, STR_FMT "/daemon.url", STR_ARG(d->settings.data)).p, &base, err) ||
	    !read_file(&d->arena, arena_printf(&d->arena, STR_FMT "/admin.token", STR_ARG(d->settings.data)).p, &token, err))
		return err_info(err->code)->exit_code;
	bearer = arena_printf(&d->arena, "Authorization: Bearer " STR_FMT, STR_ARG(str_trim(token)));
	r.url = arena_printf(&d->arena, STR_FMT "/v1/provision", STR_ARG(str_trim(base)));
	r.headers = &bearer;
	r.header_count = 1;
	if (!http_call(&r, &answer, &body, err))
		return err_info(err->code)->exit_code;
	if (answer.status == 200) {
		printf("%s\n", body.p);
		return 0;
	}
	struct json *problem = json_parse(&d->arena, buf_str(&body), JSON_STRICT, err);
	err_clear(err);
	err_set(err, err_of_http_status(answer.status), STR_FMT, STR_ARG(json_get_str(problem, "detail")));
	return err_info(err->code)->exit_code;
}

/* ---- the command line ---- */

static void usage(FILE *to)
{
	fputs("opsroomd [--data DIR] [--listen ADDR:PORT] [--config FILE] [--public-url URL] [--log-level LEVEL] [--clock TIME] [--check]\n"
	      "opsroomd provision --data DIR FILE.yaml\n"
	      "Runs the operations room. Without any settings: ./var, 127.0.0.1:8065. See opsroomd(8).\n",
	      to);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct err err = {0};
	const char *file = NULL;
	bool provisioning = false;
	int code;

	d.began = mono_now();
	d.lock = -1;
	for (int i = 1; i < argc; i++) {
		static const struct {
			const char *flag;
			size_t offset;
		} flags[] = {{"--data", offsetof(struct settings, data)}, {"--listen", offsetof(struct settings, listen)}, {"--public-url", offsetof(struct settings, public_url)},
			     {"--log-level", offsetof(struct settings, log_level)}, {"--clock", offsetof(struct settings, clock)}};
		size_t f = 0;

		while (f < COUNT_OF(flags) && strcmp(argv[i], flags[f].flag) != 0)
			f++;
		if (f < COUNT_OF(flags) && i + 1 < argc) {
			*(struct str *)((char *)&d.settings + flags[f].offset) = str_of(argv[++i]);
		} else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			d.settings.config_file = argv[++i];
		} else if (strcmp(argv[i], "--check") == 0) {
			d.settings.check = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			usage(stdout);
			return 0;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("opsroomd " OPSROOM_VERSION);
			return 0;
		} else if (strcmp(argv[i], "provision") == 0 && !provisioning) {
			provisioning = true;
		} else if (provisioning && argv[i][0] != '-' && !file) {
			file = argv[i];
		} else {
			usage(stderr);
			return 2;
		}
	}
	if (!crypt_start(&err) || !read_config(&d, &err) || !finish_settings(&d, &err)) {
		fprintf(stderr, "opsroomd: %s\n", err.text);
		return err_info(err.code)->exit_code;
	}
	if (d.settings.check) {
		puts("opsroomd: the configuration is good");
		return 0;
	}
	if (provisioning && !file) {
		usage(stderr);
		return 2;
	}
	code = provisioning ? provision(&d, file, &err) : run(&d, &err);
	if (provisioning && err.code)
		fprintf(stderr, "opsroomd: %s\n", err.text);
	return code;
}
