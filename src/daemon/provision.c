/* opsroomd provision: makes what a file names, in a data directory that nobody uses or through the daemon that uses it. */
#include "api/provision.h"
#include "base/yaml.h"
#include "daemon/daemon.h"
#include "daemon/data_dir.h"
#include "engine/alerts.h"
#include "net/client.h"
#include "net/form.h"

#include <stdio.h>

struct provisioning {
	struct json *tree;
	struct str yaml;
	const char *file;
	struct buf out;
};

static void provisioning_run(struct work *w, void *context)
{
	struct provisioning *p = context;
	struct json_out o = json_out(&p->out);

	w->failed = !provision_run(w, p->tree, p->file, &o, &w->err) ||
		    !audit_note(w, w->engine->workspace_id, 0, "provision", "local", provision_detail(w->arena, str_of(p->file), p->yaml, S("")), "ok", &w->err);
}

static bool make_here(struct daemon *d, struct provisioning *p, struct err *err)
{
	struct str host;
	int port;

	if (!listen_parse(d->settings.listen, &host, &port))
		return false;
	d->engine->config.public_url = daemon_url(d, host, port);
	return alerts_reload(d->engine, err) && engine_run_once(d->engine, provisioning_run, p, err);
}

static bool make_through_daemon(struct daemon *d, const char *file, struct str yaml, struct buf *out, struct err *err)
{
	struct client_request r = {
		.method = "POST", .body = yaml, .deadline = 10 * SECOND, .answer_max_bytes = 4 * MIB};
	struct client_answer answer = {0};
	struct str base, token, bearer;

	if (!data_read(&d->arena, d->settings.data, "daemon.url", &base, err) ||
	    !data_read(&d->arena, d->settings.data, "admin.token", &token, err))
		return false;
	bearer = arena_printf(&d->arena, "Authorization: Bearer " STR_FMT, STR_ARG(str_trim(token)));
	r.url = arena_printf(&d->arena, STR_FMT "/v1/provision?file=" STR_FMT, STR_ARG(str_trim(base)),
			     STR_ARG(percent_encode(&d->arena, str_of(file))));
	r.headers = &bearer;
	r.header_count = 1;
	/* Without a public URL it is the daemon itself that answers, with this certificate, whoever made it out. */
	if (d->settings.tls_certificate.n && !d->settings.public_url.n)
		r.ca_file = d->settings.tls_certificate.p;
	if (!http_call(&r, &answer, out, err))
		return false;
	if (answer.status != 200) {
		struct err ignored = {0};
		struct json *problem = json_parse(&d->arena, buf_str(out), JSON_STRICT, &ignored);

		err_set(err, err_of_http_status(answer.status), STR_FMT, STR_ARG(json_get_str(problem, "detail")));
	}
	return answer.status == 200;
}

int daemon_provision(struct daemon *d, const char *file, struct err *err)
{
	struct provisioning p = {.file = file};
	bool ok;

	buf_init(&p.out, 4 * MIB);
	if (!file_read(&d->arena, file, &p.yaml, err) || !(p.tree = yaml_parse(&d->arena, p.yaml, file, err)))
		return err_info(err->code)->exit_code;
	if (data_lock(&d->arena, d->settings.data, err)) {
		ok = daemon_open(d, err) && make_here(d, &p, err);
	} else if (err->code == ERR_CONFLICT) {
		err_clear(err);
		ok = make_through_daemon(d, file, p.yaml, &p.out, err);
	} else {
		ok = false;
	}
	if (ok)
		printf(STR_FMT "\n", STR_ARG(buf_str(&p.out)));
	buf_done(&p.out);
	return ok ? 0 : err_info(err->code)->exit_code;
}
