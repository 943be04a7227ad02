/* api/socket.h -- what an accepted WebSocket is to us: a person's stream (api/stream.c), the same for older bots (api/rtm.c), or an app's connection (api/link.c). */
#pragma once
#include "api/exchange.h"

struct app_link;

struct socket {
	struct api *api;
	conn_id conn;
	int64_t user_id;
	struct stream *stream; /* NULL: the client has not said what it has */
	bool opening, closed;
	struct app_link *link; /* not NULL: it is an app's */
	struct str rtm_token;  /* the hash of a bot's token, owned: it speaks RTM; "": it does not */
};

void socket_free(struct socket *s);
struct str socket_base(struct work *w); /* "wss://ops.example.com" */
/* Opens the stream of an accepted socket. text: what the client has, {"channels":{"C...":SEQ}}. */
void stream_begin(struct socket *s, struct str text);
void stream_message(struct socket *s, const struct json *m); /* "typing", "presence_sub" */
void rtm_route(struct exchange *x); /* GET /rtm/ */
void rtm_message(struct socket *s, struct str text);

void link_route(struct exchange *x); /* GET /link/ */
/* Work thread: the address of one connection of the app, good for a minute and once. */
struct str link_url(struct work *w, int64_t app_id);
