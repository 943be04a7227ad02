/* tests/bench/net_echo.c -- a server that does nothing, to measure net/ alone.
 *
 *     net_echo PORT [CERTIFICATE KEY]
 *
 * POST /api answers a constant, GET /ws is a WebSocket that echoes, POST /fan sends its body to all WebSockets.
 */
#include "net/server.h"
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static struct server *server;
static conn_id *clients;
static size_t client_count, client_room;

static void fan(struct str text)
{
	struct ws_frame *f = ws_frame_new(text);

	for (size_t i = 0; i < client_count; i++)
		ws_send(server, clients[i], f);
	ws_frame_release(f);
}

static void on_request(void *context, struct http_request *r)
{
	static const struct http_answer ok = {.status = 200,
					      .content_type = "application/json",
					      .body = {"{\"status\":\"success\",\"id\":1234567}", 33}};

	(void)context;
	if (r->wants_websocket && ws_accept(server, r->conn, NULL, NULL)) {
		if (client_count == client_room)
			clients = mem_grow(clients,
					   (client_room = client_room ? client_room * 2 : 1024) * sizeof *clients);
		clients[client_count++] = r->conn;
	} else {
		if (str_is(r->path, "/fan"))
			fan(r->body);
		http_answer(server, r->conn, &ok);
	}
	http_request_free(r);
}

static void on_message(void *context, conn_id conn, void *user, struct str text)
{
	struct ws_frame *f = ws_frame_new(text);

	(void)context;
	(void)user;
	ws_send(server, conn, f);
	ws_frame_release(f);
}

static void on_closed(void *context, conn_id conn, void *user)
{
	(void)context;
	(void)user;
	for (size_t i = 0; i < client_count; i++)
		if (clients[i] == conn) {
			clients[i] = clients[--client_count];
			break;
		}
}

int main(int argc, char **argv)
{
	struct server_events events = {NULL, on_request, on_message, on_closed, NULL};
	struct server_limits limits = server_default_limits;
	struct rlimit files = {20000, 20000};
	struct tls_context *tls = NULL;
	struct err err = {0};
	int port = argc > 1 ? atoi(argv[1]) : 8080;

	setrlimit(RLIMIT_NOFILE, &files);
	limits.connections = 19900;
	server = server_new(uv_default_loop(), &limits, &events);
	if (argc > 3)
		tls = tls_context_new(argv[2], argv[3], &err);
	if (err.code || !server_listen(server, S("127.0.0.1"), &port, tls, &err)) {
		fprintf(stderr, "net_echo: %s\n", err.text);
		return 1;
	}
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
