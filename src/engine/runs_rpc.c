#include "engine/runs_rpc.h"

#include "base/crypt.h"
#include "net/client.h"

#define WAITING_MAX 1000
#define NONCE_CHARS 32 /* 160 bits */

struct rpc_run {
	struct rpc_run *next;
	struct rpc_runs *owner;       /* NULL: nobody waits for the signature any more */
	struct arena arena;
	struct rpc_order order;
	uv_work_t uv;
	struct rpc_headers headers;
	struct err err;               /* of the signature */
	bool signing;
	mono_ms began;
};

struct rpc_runs {
	uv_loop_t *loop;
	unsigned at_once, waiting_count, under_way_count;
	struct rpc_events events;
	void *context;
	struct http_client *client;   /* NULL: nothing was sent yet */
	struct rpc_run *waiting, **last, *under_way;
};

static void go_on(struct rpc_runs *r);

static void run_free(struct rpc_run *one)
{
	arena_done(&one->arena); /* it has the key */
	mem_free(one);
}

static void take_out(struct rpc_run **list, const struct rpc_run *one)
{
	while (*list != one)
		list = &(*list)->next;
	*list = one->next;
}

/* Nothing is under way of it now. What is being signed is freed when that is over. */
static void leave(struct rpc_run *one)
{
	take_out(&one->owner->under_way, one);
	one->owner->under_way_count--;
	one->owner = NULL;
	if (!one->signing)
		run_free(one);
}

static void ended(struct rpc_run *one, const struct runner_end *end)
{
	struct rpc_runs *r = one->owner;

	r->events.on_end(r->context, one->order.id, end);
	leave(one);
	go_on(r);
}

/* ---- the exchange ---- */

static struct runner_end no_answer(struct rpc_run *one, const struct client_answer *a)
{
	struct runner_end end = {.code = 1, .wall = mono_now() - one->began};
	const char *why = a->err.text;

	if (!a->sent) {
		end.code = RUNNER_NO_START;
		end.reason = arena_printf(&one->arena, "the server could not be reached: %s", why);
	} else if (a->timed_out) {
		end.code = RUNNER_TIMED_OUT;
		end.timed_out = true;
		end.reason = arena_printf(&one->arena, "%s; the server may still be at it", why);
	} else if (a->err.code == ERR_TOO_BIG) {
		end.reason = str_of(why);
	} else {
		end.unknown = true;
		end.code = RUNNER_NO_START;
		end.reason = arena_printf(&one->arena, "the connection broke off (%s); nobody knows how far the server came, and it is not called again", why);
	}
	return end;
}

static void on_answer(void *context, const struct client_answer *a)
{
	struct rpc_run *one = context;
	struct rpc_runs *r = one->owner;
	struct runner_end end;

	if (a->reached) {
		r->events.on_answer(r->context, &one->order, a->status, a->body, mono_now() - one->began);
		leave(one);
		go_on(r);
		return;
	}
	end = no_answer(one, a);
	ended(one, &end);
}

static void post(struct rpc_run *one)
{
	struct rpc_runs *r = one->owner;
	struct str headers[] = {one->headers.nonce, one->headers.timestamp, one->headers.signature, S("Content-Type: application/json"), S("Accept: application/json")};
	struct client_request q = {.method = "POST",
				   .url = one->order.url,
				   .headers = headers,
				   .header_count = COUNT_OF(headers),
				   .body = one->order.body,
				   .deadline = one->order.time,
				   .answer_max_bytes = RPC_ANSWER_MAX,
				   .once = true};

	if (!r->client)
		r->client = http_client_new(r->loop, r->at_once);
	one->began = mono_now();
	r->events.on_started(r->context, one->order.id, 0);
	http_client_send(r->client, &q, on_answer, one);
}

/* ---- the signature ---- */

static void sign_run(uv_work_t *uv)
{
	struct rpc_run *one = uv->data;
	const struct rpc_order *o = &one->order;

	(void)!rpc_sign(&one->arena, o->key, o->key_id, o->url, crypt_word(&one->arena, NONCE_CHARS), wall_now(), o->body, &one->headers, &one->err);
}

static void sign_done(uv_work_t *uv, int status)
{
	struct rpc_run *one = uv->data;

	(void)status;
	one->signing = false;
	if (!one->owner) {
		run_free(one);
		return;
	}
	if (one->err.code) {
		struct err err = one->err;

		err_prefix(&err, "the private key: ");
		ended(one, &(struct runner_end){.code = RUNNER_NO_START, .reason = str_of(err.text)});
		return;
	}
	post(one);
}

/* ---- the queue ---- */

static bool has_room(const struct rpc_runs *r, const struct rpc_order *o)
{
	unsigned n = 0;

	for (const struct rpc_run *one = r->under_way; one; one = one->next)
		n += str_eq(one->order.plugin, o->plugin);
	return n < o->at_once;
}

/* In order of arrival; a plugin at its limit holds up no other. */
static void go_on(struct rpc_runs *r)
{
	for (struct rpc_run **at = &r->waiting; *at && r->under_way_count < r->at_once;) {
		struct rpc_run *one = *at;

		if (!has_room(r, &one->order)) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		if (!*at)
			r->last = at;
		r->waiting_count--;
		one->next = r->under_way;
		r->under_way = one;
		r->under_way_count++;
		one->signing = true;
		uv_queue_work(r->loop, &one->uv, sign_run, sign_done);
	}
}

bool rpc_runs_start(struct rpc_runs *r, const struct rpc_order *order, struct err *err)
{
	struct rpc_run *one;

	if (r->waiting_count >= WAITING_MAX) {
		err_set(err, ERR_TOO_MANY, "%d calls wait already; that is the most", WAITING_MAX);
		return false;
	}
	one = mem_new(sizeof *one);
	arena_init(&one->arena);
	one->owner = r;
	one->uv.data = one;
	one->order = (struct rpc_order){.id = order->id,
					.plugin = arena_dup(&one->arena, order->plugin),
					.url = arena_dup(&one->arena, order->url),
					.body = arena_dup(&one->arena, order->body),
					.key = arena_dup(&one->arena, order->key),
					.key_id = arena_dup(&one->arena, order->key_id),
					.error_response = arena_dup(&one->arena, order->error_response),
					.time = order->time,
					.at_once = order->at_once};
	*r->last = one;
	r->last = &one->next;
	r->waiting_count++;
	go_on(r);
	return true;
}

bool rpc_runs_cancel(struct rpc_runs *r, int64_t id)
{
	struct runner_end end = {.code = 128 + 15, .cancelled = true, .reason = S("")};

	for (struct rpc_run **at = &r->waiting; *at; at = &(*at)->next) {
		struct rpc_run *one = *at;

		if (one->order.id != id)
			continue;
		*at = one->next;
		if (!*at)
			r->last = at;
		r->waiting_count--;
		run_free(one);
		r->events.on_end(r->context, id, &end);
		return true;
	}
	for (struct rpc_run *one = r->under_way; one; one = one->next)
		if (one->order.id == id) {
			if (!one->signing && http_client_cancel(r->client, one)) {
				end.reason = S("the connection was closed; the server was not told, and may go on");
				end.wall = mono_now() - one->began;
			}
			ended(one, &end);
			return true;
		}
	return false;
}

struct rpc_runs *rpc_runs_new(uv_loop_t *loop, unsigned at_once, const struct rpc_events *events, void *context)
{
	struct rpc_runs *r = mem_new(sizeof *r);

	r->loop = loop;
	r->at_once = at_once;
	r->events = *events;
	r->context = context;
	r->last = &r->waiting;
	return r;
}

void rpc_runs_free(struct rpc_runs *r)
{
	if (!r)
		return;
	while (r->under_way) {
		if (!r->under_way->signing)
			(void)http_client_cancel(r->client, r->under_way);
		leave(r->under_way);
	}
	while (r->waiting) {
		struct rpc_run *one = r->waiting;

		r->waiting = one->next;
		run_free(one);
	}
	http_client_free(r->client);
	mem_free(r);
}
