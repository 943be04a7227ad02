/* Tries the way that mail takes: one mail, sent at once and not through the outbox, so that the server's own words are the answer; or
 * through the outbox, as mail to people goes. */
#include "api/handlers.h"
#include "engine/mail.h"
#include "net/mail_out.h"

struct mail_test {
	struct mail_server server;
	struct mail_message message;
	struct mail_answer answer;
};

static const char *const verdicts[] = {[MAIL_DONE] = "done", [MAIL_RETRY] = "retry", [MAIL_REFUSED] = "refused"};

static void send_test(struct exchange *x)
{
	struct mail_test *t = x->context;

	mail_send(&t->server, &t->message, NULL, &t->answer);
}

static void write_result(struct json_out *o, const struct mail_test *t, const char *result)
{
	json_add_str(o, "to", t->message.to);
	json_add_str(o, "server", t->server.url);
	json_add_str(o, "result", str_of(result));
	json_add_str(o, "answer", str_of(t->answer.words));
}

static bool note(struct exchange *x, const struct mail_test *t, const char *result)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 8 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	write_result(&o, t, result);
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	return x_audit(x, x->user.id, "mail.test", buf_keep(x_arena(x), &b), "ok");
}

static void tell(struct exchange *x, const char *result)
{
	const struct mail_test *t = x->context;
	struct json_out o;

	if (!note(x, t, result)) {
		x->work.failed = true;
		return;
	}
	o = x_object(x, 200);
	json_add_bool(&o, "ok", t->answer.verdict == MAIL_DONE);
	write_result(&o, t, result);
	json_close(&o, '}');
}

static void tell_answer(struct exchange *x)
{
	tell(x, verdicts[((const struct mail_test *)x->context)->answer.verdict]);
}

static void go_and_send(struct exchange *x)
{
	x_think(x, send_test, tell_answer);
}

static void put_test(struct exchange *x)
{
	const struct mail_message *m = &((const struct mail_test *)x->context)->message;

	if (!mail_put(&x->work, x->user.id, m->subject, m->text, &x->err))
		x->work.failed = true;
	else
		tell(x, "queued");
}

void v1_mail_test(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct mail_test *t = arena_zero(x_arena(x), sizeof *t);
	struct json *body = x_body(x);
	struct str to = json_get_str(body, "to");
	bool queue = json_get_bool(body, "queue", false);

	if (!body)
		return;
	if (!e->config.mail.url.n)
		x_fail(x, ERR_CONFLICT, "mail_server is not set: nobody is told anything by mail; see docs/email.md");
	else if (!to.n && !x->user.email.n)
		x_fail(x, ERR_INVALID, "you have no e-mail address; say which one: \"to\"");
	else if (queue && to.n)
		x_fail(x, ERR_INVALID, "with queue it goes to your own address; leave out \"to\"");
	else if (to.n && !mail_address_ok(to))
		x_fail(x, ERR_INVALID, "\"to\" is one e-mail address, as ben@example.com");
	if (x->err.code)
		return;
	x->context = t;
	t->server = e->config.mail; /* its texts live as long as the daemon */
	t->message = mail_begin(&x->work, x_arena(x), to.n ? to : x->user.email, engine_id(&x->work));
	t->message.subject = S("A test of opsroom's mail");
	t->message.text = arena_printf(x_arena(x), STR_FMT " asked for this mail with `opsroom mail test`.\n\n" STR_FMT "\n", STR_ARG(x->user.name), STR_ARG(e->config.public_url));
	if (queue)
		put_test(x);
	else
		x->finish = go_and_send;
}
