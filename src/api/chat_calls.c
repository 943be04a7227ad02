/* POST /chats/NAME/REST: what another chat system calls by itself (Slack's events, Mattermost's buttons). Its adapter says whether it
 * is genuine, and answers; it lives on the net thread. */
#include "api/handlers.h"
#include "api/pages.h"
#include "engine/chat.h"

struct held_call {
	struct chat_call call;
	struct exchange *x;
};

static void answer(struct chat_call *c, int status, const char *content_type, struct str body)
{
	struct exchange *x = ((struct held_call *)c)->x;

	http_answer(x->api->server, x->request->conn, &(struct http_answer){.status = status, .content_type = content_type, .body = body});
	engine_busy(x->api->engine, -1);
	exchange_free(x);
}

static void hand_over(struct exchange *x)
{
	struct engine *e = x->api->engine;
	struct chat_call *c = x->context;

	engine_busy(e, 1);
	if (!e->chat_call || !e->chat_call(c))
		answer(c, 404, "text/plain; charset=utf-8", S("there is no such chat\n"));
}

void chat_calls_post(struct exchange *x)
{
	struct held_call *h = arena_zero(x_arena(x), sizeof *h);

	h->x = x;
	h->call = (struct chat_call){.engine = x->api->engine, .arena = x_arena(x), .request = x->request, .answer = answer};
	h->call.rest = str_cut(x->rest, '/', &h->call.chat);
	x->context = h;
	x->finish = hand_over;
}
