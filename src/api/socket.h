/* api/socket.h -- what an accepted WebSocket is to us: a person's stream (api/stream.c), or an app's connection (api/link.c). */
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
};

void link_route(struct exchange *x); /* GET /link/ */
/* Work thread: the address of one connection of the app, good for a minute and once. */
struct str link_url(struct work *w, int64_t app_id);
