#include "api/sns.h"

#include "api/pages.h"
#include "engine/confirm.h"
#include "net/client.h"
#include "net/x509.h"
#include "ops/sns.h"

#define CERTIFICATES_MAX 16
#define CERTIFICATE_BYTES (16 * KIB)
#define CERTIFICATE_LIFE DAY /* its address has its name in it: another one has another address */
#define DEADLINE (10 * SECOND)
#define CONFIRM_ANSWER_BYTES (64 * KIB)
#define CONFIRM_TRIES 20 /* about an hour; SNS forgets the token after three days */

/* What a delivery waits for. In its exchange's arena. */
struct sns_wait {
	struct exchange *exchange;
	struct sns_wait *next; /* of those that wait for the same */
	struct str url;
	struct str pem; /* p NULL: not yet */
	struct err err; /* it cannot be had */
};

struct certificate {
	struct sns *sns;
	char *url, *pem; /* url NULL: a free place */
	mono_ms got;
	bool asked; /* it is on its way */
	struct sns_wait *waiting;
};

struct sns {
	struct engine *engine;
	struct http_client *client;
	struct str endpoint; /* read by both threads, changed by none */
	const char *ca_file;
	struct certificate certificates[CERTIFICATES_MAX]; /* the net thread's */
};

/* ---- certificates: the net thread ---- */

static void certificate_forget(struct certificate *c)
{
	mem_free(c->url);
	mem_free(c->pem);
	*c = (struct certificate){.sns = c->sns};
}

/* The one of this address, else a free place, else the oldest. NULL: all are on their way. */
static struct certificate *certificate_place(struct sns *s, struct str url)
{
	struct certificate *best = NULL;

	for (size_t i = 0; i < CERTIFICATES_MAX; i++)
		if (s->certificates[i].url && str_is(url, s->certificates[i].url))
			return &s->certificates[i];
	for (size_t i = 0; i < CERTIFICATES_MAX; i++) {
		struct certificate *c = &s->certificates[i];

		if (!c->asked && (!best || !c->url || (best->url && c->got < best->got)))
			best = c;
	}
	if (best) {
		certificate_forget(best);
		best->sns = s;
		best->url = mem_dup(url);
	}
	return best;
}

/* The second pass. */
static void wait_is_over(struct sns_wait *wait)
{
	struct exchange *x = wait->exchange;

	engine_busy(x->api->engine, -1);
	if (!engine_submit(x->api->engine, &x->work))
		api_refuse(x->api, x->request, ERR_UNAVAILABLE, "too much is queued; try again in a moment");
}

static void wait_take(struct sns_wait *wait, const char *pem)
{
	wait->pem = arena_dup(x_arena(wait->exchange), str_of(pem));
	wait_is_over(wait);
}

static void explain(const struct client_answer *answer, struct err *err)
{
	if (!answer->reached)
		err_set(err, ERR_UNAVAILABLE, "the certificate that it is signed with cannot be had: %.300s",
			answer->err.text);
	else if (answer->status != 200)
		err_set(err, ERR_UNAVAILABLE, "the certificate that it is signed with cannot be had: the answer is %d",
			answer->status);
	else
		err_set(err, ERR_UNAVAILABLE, "what stands at the address of the certificate is none");
}

static void on_certificate(void *context, const struct client_answer *answer)
{
	struct certificate *c = context;
	struct sns_wait *wait = c->waiting, *next;
	bool good = answer->reached && answer->status == 200 && x509_is_certificate(answer->body);

	c->waiting = NULL;
	c->asked = false;
	if (good) {
		c->pem = mem_dup(answer->body);
		c->got = mono_now();
	}
	for (; wait; wait = next) {
		next = wait->next;
		if (good) {
			wait_take(wait, c->pem);
		} else {
			explain(answer, &wait->err);
			wait_is_over(wait);
		}
	}
	if (!good)
		certificate_forget(c);
}

static void certificate_ask(struct sns *s, struct certificate *c)
{
	struct client_request r = {.method = "GET",
				   .url = str_of(c->url),
				   .deadline = DEADLINE,
				   .answer_max_bytes = CERTIFICATE_BYTES,
				   .ca_file = s->ca_file};

	c->asked = true;
	http_client_send(s->client, &r, on_certificate, c);
}

/* After the first pass, which wrote nothing. */
static void sns_fetch(struct exchange *x)
{
	struct sns_wait *wait = x->context;
	struct sns *s = x->api->sns;
	struct certificate *c = certificate_place(s, wait->url);

	engine_busy(s->engine, 1);
	if (!c) {
		err_set(&wait->err, ERR_UNAVAILABLE, "too many certificates are being fetched; try again in a moment");
		wait_is_over(wait);
		return;
	}
	if (c->pem && mono_now() - c->got < CERTIFICATE_LIFE) {
		wait_take(wait, c->pem);
		return;
	}
	wait->next = c->waiting;
	c->waiting = wait;
	if (!c->asked) {
		mem_free(c->pem);
		c->pem = NULL;
		certificate_ask(s, c);
	}
}

/* ---- a delivery: the work thread ---- */

static bool wait_for(struct exchange *x, struct str url)
{
	struct sns_wait *wait = arena_zero(x_arena(x), sizeof *wait);

	wait->exchange = x;
	wait->url = arena_dup(x_arena(x), url);
	x->context = wait;
	x->finish = sns_fetch;
	x->next_run = x->route->run;
	return false;
}

static bool signature_ok(struct exchange *x, const struct sns_message *m, struct str pem)
{
	struct str signature;

	if (!base64_decode(x_arena(x), m->signature, &signature)) {
		x_fail(x, ERR_FORBIDDEN, "the signature is no base64");
		return false;
	}
	return x509_signature_ok(pem, m->sha256, m->text, signature, x->work.now, &x->err);
}

bool sns_check(struct exchange *x, struct str topic)
{
	struct sns_wait *wait = x->context;
	struct err unread = {0};
	const struct json *body =
		x->json ? x->json : json_parse(x_arena(x), x->request->body, JSON_LAST_KEY_WINS, &unread);
	struct sns_message m;

	if (!sns_read(x_arena(x), body, &m, &x->err))
		return false;
	if (!str_is(topic, "*") && !str_eq(topic, m.topic)) {
		x_fail(x, ERR_FORBIDDEN, "this source takes only what its own topic says");
		return false;
	}
	if (!sns_url_ok(m.certificate_url, SNS_CERTIFICATE, x->api->sns->endpoint)) {
		x_fail(x, ERR_FORBIDDEN, "the SigningCertURL is no address of SNS");
		return false;
	}
	if (!wait)
		return wait_for(x, m.certificate_url);
	if (wait->pem.p)
		return signature_ok(x, &m, wait->pem);
	x->err = wait->err;
	return false;
}

bool sns_confirm(struct exchange *x, struct delivery *d, struct str url)
{
	if (!url.n)
		return true;
	if (sns_url_ok(url, SNS_SUBSCRIBE, x->api->sns->endpoint))
		return confirm_add(&x->work, d->channel_id, d->source_name, url, &x->work.err);
	err_set(&x->work.err, ERR_INVALID, "the SubscribeURL is no address of SNS, and is not called");
	d->http_status = 400;
	return false;
}

/* ---- the confirmation: the net thread ---- */

static void on_confirmed(void *context, const struct client_answer *answer)
{
	struct chat_post *post = context;
	bool again = !answer->reached || answer->status >= 500 || answer->status == 429;
	struct str why = answer->reached ? arena_printf(&post->arena, "SNS answered %d", answer->status)
					 : arena_dup(&post->arena, str_of(answer->err.text));

	if (answer->reached && answer->status >= 200 && answer->status < 300)
		chat_posted(post, POST_DONE, 0, 0, S(""));
	else
		chat_posted(post, again && post->attempts < CONFIRM_TRIES ? POST_RETRY : POST_REFUSED, 0, 0, why);
}

static void sns_call(struct chat_post *post)
{
	struct sns *s = post->engine->confirm_context;
	struct client_request r = {.method = "GET",
				   .url = post->text,
				   .deadline = DEADLINE,
				   .answer_max_bytes = CONFIRM_ANSWER_BYTES,
				   .ca_file = s->ca_file};

	http_client_send(s->client, &r, on_confirmed, post);
}

struct sns *sns_new(struct engine *e, uv_loop_t *loop, struct str endpoint, const char *ca_file)
{
	struct sns *s = mem_new(sizeof *s);

	s->engine = e;
	s->client = http_client_new(loop, 8);
	s->endpoint = endpoint;
	s->ca_file = ca_file;
	for (size_t i = 0; i < CERTIFICATES_MAX; i++)
		s->certificates[i].sns = s;
	e->confirm = sns_call;
	e->confirm_context = s;
	return s;
}

void sns_free(struct sns *s)
{
	if (!s)
		return;
	http_client_free(s->client);
	for (size_t i = 0; i < CERTIFICATES_MAX; i++)
		certificate_forget(&s->certificates[i]);
	mem_free(s);
}
