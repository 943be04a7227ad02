/* GET /link/: Socket Mode. The ticket is signed, good for a minute, and the store keeps that it was used. Contract: docs.slack.dev, Socket Mode. */
#include "api/socket.h"
#include "engine/app_events.h"
#include "engine/app_send.h"
#include "engine/apps.h"
#include "store/apps.h"

#include <inttypes.h>

#define TICKET_LIFE MINUTE

/* MILLISECONDS-RANDOM-MAC */
static struct str mac_of(struct work *w, int64_t app_id, struct str said)
{
	uint8_t mac[32];

	crypt_hmac_sha256(&w->engine->key, arena_printf(w->arena, "link:%" PRId64 ":" STR_FMT, app_id, STR_ARG(said)), mac);
	return crypt_hex(w->arena, mac, 16);
}

struct str socket_base(struct work *w)
{
	struct str base = w->engine->config.public_url;
	size_t http = str_starts(base, S("https")) ? 5 : 4;

	return arena_printf(w->arena, "%s" STR_FMT, http == 5 ? "wss" : "ws", STR_ARG(str_n(base.p + http, base.n - http)));
}

struct str link_url(struct work *w, int64_t app_id)
{
	struct str said = arena_printf(w->arena, "%" PRId64 "-" STR_FMT, w->now, STR_ARG(crypt_word(w->arena, 16)));

	return arena_printf(w->arena, STR_FMT "/link/?ticket=" STR_FMT "-" STR_FMT "&app_id=" STR_FMT, STR_ARG(socket_base(w)), STR_ARG(said), STR_ARG(mac_of(w, app_id, said)),
			    STR_ARG(id_write(w->arena, 'A', app_id)));
}

static bool ticket_is_good(struct exchange *x, struct str ticket, int64_t app_id)
{
	struct engine *e = x->work.engine;
	struct str at, word, mac = str_cut(str_cut(ticket, '-', &at), '-', &word), said = str_n(ticket.p, ticket.n - mac.n - (mac.n < ticket.n));
	struct err twice = {0};
	struct app app;
	int64_t made;

	if (!str_to_int(at, &made) || !str_eq_secret(mac, mac_of(&x->work, app_id, said)) || x->work.now - made > TICKET_LIFE)
		return false;
	return store_app_find(e->db, x_arena(x), e->workspace_id, app_id, &app, &twice) &&
	       app_word_use(&x->work, ticket, 2 * TICKET_LIFE, &twice);
}

/* What waited for a connection leaves now. */
struct hurry {
	struct work work;
	struct arena arena;
	int64_t app_id;
};

static void hurry_run(struct work *w)
{
	w->failed = !apps_hurry(w, ((struct hurry *)w)->app_id, &w->err);
}

static void hurry_done(struct work *w)
{
	arena_done(w->arena);
	mem_free(w);
}

static void accept_link(struct exchange *x)
{
	struct socket *s = mem_new(sizeof *s);
	struct hurry *h = mem_new(sizeof *h);
	struct api *api = x->api;

	h->app_id = x->app_id;
	h->work = (struct work){.run = hurry_run, .done = hurry_done, .arena = &h->arena, .background = true};
	s->api = api;
	s->conn = x->request->conn;
	s->link = app_link_open(api->engine, s->conn, x->app_id);
	if (ws_accept(api->server, s->conn, "", s)) {
		app_link_hello(s->link);
	} else {
		app_link_close(s->link);
		mem_free(s);
	}
	(void)!engine_submit(api->engine, &h->work);
	buf_done(&x->body);
	buf_done(&x->headers);
	http_request_free(x->request);
}

void link_route(struct exchange *x)
{
	int64_t app_id;

	if (!x->request->wants_websocket)
		x_fail(x, ERR_INVALID, "this is a WebSocket: send an Upgrade request");
	else if (!id_parse(x_query(x, "app_id"), "A", &app_id) || !ticket_is_good(x, x_query(x, "ticket"), app_id))
		x_fail(x, ERR_FORBIDDEN, "the ticket is used up or too old: call apps.connections.open again");
	else {
		x->app_id = app_id;
		x->finish = accept_link;
	}
}
