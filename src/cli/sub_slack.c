/* opsroom slack: the app of a real Slack workspace, its manifest and a check of its tokens. Asks no opsroomd. */
#include "cli/cli.h"
#include "net/client.h"
#include "net/form.h"
#include "ops/app.h"
#include "ops/slack_app.h"
#include "ops/slack_heard.h"
#include "ops/slack_web.h"

#define API_USUAL "https://slack.com/api/"
#define TOKEN_MAX 4096
#define WITHIN (10 * SECOND)
#define CHANNELS_SHOWN 30

bool sub_slack_manifest(struct cli *c, struct err *err)
{
	const char *chat = option(c, "--chat");
	struct str name = str_of(option(c, "--name")), command = str_of(option(c, "--command")), url = str_of(c->url_flag);

	if (!name.n)
		name = S("srebot");
	if (!command.n)
		command = S("/srebot");
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	if (!str_is_utf8(name) || name.n > SLACK_APP_NAME_MAX)
		err_set(err, ERR_INVALID, "--name is up to %d characters long", SLACK_APP_NAME_MAX);
	else if (!app_command_ok(command))
		err_set(err, ERR_INVALID, "--command is a slash and a word: lower case letters, digits, - and _, at most 32");
	else if (url.n && !str_starts(url, S("https://")) && !str_starts(url, S("http://")))
		err_set(err, ERR_INVALID, "--url is the address at which Slack reaches this opsroom, https://ops.example.com");
	else if (url.n)
		url = arena_printf(&c->arena, STR_FMT "/chats/%s/events", STR_ARG(url), chat ? chat : "slack");
	if (err->code)
		return false;
	name = slack_manifest(&c->arena, name, command, url);
	fwrite(name.p, 1, name.n, stdout);
	return true;
}

/* ---- check ---- */

enum step_result { STEP_OK, STEP_LEFT_OUT, STEP_MISSING, STEP_FAILED };
struct check {
	struct cli *c;
	struct json_out out; /* for --json */
	struct str api, token, app_token;
	bool failed;
	/* of the last call */
	struct client_answer answer;
	const struct json *body;
	struct str scopes;
};

static void step(struct check *k, enum step_result result, const char *what, struct str detail)
{
	static const char *const words[] = {"ok", "-", "missing", "failed"};
	static const enum colour colours[] = {GREEN, DIM, YELLOW, RED};

	k->failed |= result == STEP_FAILED;
	if (k->c->json) {
		json_open(&k->out, '{');
		json_add_str(&k->out, "step", str_of(what));
		json_add_str(&k->out, "result", result == STEP_LEFT_OUT ? S("left_out") : str_of(words[result]));
		json_add_str(&k->out, "detail", detail);
		json_close(&k->out, '}');
		return;
	}
	say(k->c, colours[result], arena_printf(&k->c->arena, "%-8s", words[result]));
	printf("%-22s " STR_FMT "\n", what, STR_ARG(safe_line(&k->c->arena, detail)));
}

static bool call_method(struct check *k, enum slack_method m, struct str token, struct str form, struct err *err)
{
	struct arena *a = &k->c->arena;
	struct str headers[] = {S("Content-Type: application/x-www-form-urlencoded"), arena_printf(a, "Authorization: Bearer " STR_FMT, STR_ARG(token))};
	struct client_request r = {.method = "POST", .url = arena_printf(a, STR_FMT "%s", STR_ARG(k->api), slack_web_methods[m].name), .headers = headers, .header_count = COUNT_OF(headers),
				   .body = form, .deadline = WITHIN, .answer_max_bytes = ANSWER_MAX, .ca_file = k->c->ca_file};
	struct err unread = {0};
	struct buf body;
	bool ok;

	buf_init(&body, ANSWER_MAX);
	ok = http_call(&r, &k->answer, &body, err);
	k->body = ok ? json_parse(a, arena_dup(a, k->answer.body), JSON_LAST_KEY_WINS, &unread) : NULL;
	k->scopes = ok ? arena_dup(a, client_header(&k->answer, "x-oauth-scopes")) : S("");
	buf_done(&body);
	if (ok && !json_get_bool(k->body, "ok", false)) {
		if (json_get_str(k->body, "error").n)
			err_set(err, ERR_FORBIDDEN, STR_FMT, STR_ARG(str_clip(slack_why(a, m, k->body), 300)));
		else
			err_set(err, ERR_UNAVAILABLE, "status %d, and no answer of Slack's API: is the address right?", k->answer.status);
		return false;
	}
	return ok;
}

/* The first call shows three things: the way there, its certificate, and whose token it is. */
static bool check_token(struct check *k)
{
	bool tls = str_starts(k->api, S("https://")), called, reached;
	struct err err = {0};

	called = call_method(k, SLACK_AUTH_TEST, k->token, S(""), &err);
	reached = k->answer.reached;
	if (!reached && tls && (str_find(str_of(err.text), S("SSL"), NULL) || str_find(str_of(err.text), S("certificate"), NULL))) {
		step(k, STEP_OK, "reachable", k->api);
		step(k, STEP_FAILED, "TLS", str_of(err.text));
		return false;
	}
	step(k, reached ? STEP_OK : STEP_FAILED, "reachable", reached ? k->api : str_of(err.text));
	if (!reached)
		return false;
	step(k, tls ? STEP_OK : STEP_LEFT_OUT, "TLS", tls ? S("the certificate is good") : S("not used: http://"));
	if (!called) {
		step(k, STEP_FAILED, "bot token", str_of(err.text));
		return false;
	}
	if (!str_starts(k->token, S("xoxb-"))) {
		step(k, STEP_FAILED, "bot token", S("it does not begin with xoxb-: copy the Bot User OAuth Token from OAuth & Permissions"));
		return false;
	}
	step(k, STEP_OK, "bot token",
	     arena_printf(&k->c->arena, "@" STR_FMT " (" STR_FMT ") in " STR_FMT, STR_ARG(json_get_str(k->body, "user")), STR_ARG(json_get_str(k->body, "user_id")), STR_ARG(json_get_str(k->body, "team"))));
	return true;
}

static void check_scopes(struct check *k)
{
	if (!k->scopes.n) {
		step(k, STEP_LEFT_OUT, "scopes", S("the server does not say which it gave"));
		return;
	}
	for (size_t i = 0; i < slack_scope_count; i++) {
		const struct slack_scope *s = &slack_scopes[i];
		bool has = app_scope_has(k->scopes, str_of(s->name));

		step(k, has ? STEP_OK : s->must ? STEP_FAILED : STEP_MISSING, s->name,
		     has ? str_of(s->why) : arena_printf(&k->c->arena, "%s; add it under OAuth & Permissions and install the app again", s->why));
	}
}

static bool wait_for_hello(struct check *k, struct str url, struct err *err)
{
	struct ws_client *ws = ws_client_open(url, NULL, 0, err);
	mono_ms until = mono_now() + WITHIN;
	bool hello = false;

	while (ws && !hello && !err->code) {
		struct slack_frame f;
		struct str text;
		span_ms left = until - mono_now();

		if (left <= 0)
			err_set(err, ERR_UNAVAILABLE, "the connection stands, and no hello came within 10 s");
		else if (ws_client_next(ws, left, &text, err) && text.p)
			hello = slack_read_frame(&k->c->arena, arena_dup(&k->c->arena, text), &f) && f.type == SLACK_FRAME_HELLO;
	}
	ws_client_free(ws);
	return hello;
}

static void check_socket(struct check *k)
{
	struct err err = {0};

	if (!k->app_token.n) {
		step(k, STEP_LEFT_OUT, "Socket Mode", S("no --app-token-file: the Events API, with signing_secret_file, is the other way"));
		return;
	}
	if (!call_method(k, SLACK_CONNECTIONS_OPEN, k->app_token, S(""), &err)) {
		if (str_is(json_get_str(k->body, "error"), "not_allowed_token_type"))
			snprintf(err.text, sizeof err.text, "this is no app-level token: it begins with xapp- and is made under Basic Information, App-Level Tokens, with connections:write");
		step(k, STEP_FAILED, "app token", str_of(err.text));
		return;
	}
	step(k, STEP_OK, "app token", S("apps.connections.open gave an address"));
	if (wait_for_hello(k, json_get_str(k->body, "url"), &err))
		step(k, STEP_OK, "Socket Mode", S("connected, and hello came"));
	else
		step(k, STEP_FAILED, "Socket Mode", str_of(err.text));
}

static void check_channels(struct check *k)
{
	struct str form = app_scope_has(k->scopes, S("groups:read")) || !k->scopes.n ? S("limit=200&exclude_archived=true&types=public_channel%2Cprivate_channel")
										     : S("limit=200&exclude_archived=true&types=public_channel");
	const struct json *list;
	struct str names = S("");
	struct err err = {0};
	unsigned n = 0;

	if (!call_method(k, SLACK_OURS, k->token, form, &err)) {
		step(k, STEP_MISSING, "channels", str_of(err.text));
		return;
	}
	list = json_get(k->body, "channels");
	for (const struct json *v = json_is(list, JSON_ARRAY) ? list->child : NULL; v && n < CHANNELS_SHOWN; v = v->next, n++)
		names = arena_printf(&k->c->arena, STR_FMT "%s#" STR_FMT, STR_ARG(names), n ? " " : "", STR_ARG(str_clip(json_get_str(v, "name"), 80)));
	if (list && list->count > n)
		names = arena_printf(&k->c->arena, STR_FMT " and more", STR_ARG(names));
	step(k, n ? STEP_OK : STEP_MISSING, "channels", n ? names : S("the bot is in none yet: /invite it, or name public ones in the chats file"));
}

static bool read_token(struct cli *c, const char *file, struct str *out, struct err *err)
{
	if (!file)
		return true;
	if (!read_input(c, file, TOKEN_MAX, out, err))
		return false;
	*out = str_trim(*out);
	if (out->n && !memchr(out->p, '\n', out->n))
		return true;
	err_set(err, ERR_INVALID, "%s holds one line: the token", file);
	return false;
}

bool sub_slack_check(struct cli *c, struct err *err)
{
	struct check k = {.c = c, .api = str_of(c->url_flag ? c->url_flag : API_USUAL)};
	struct buf b;

	if (!option(c, "--token-file")) {
		err_set(err, ERR_INVALID, "which token? --token-file FILE with the Bot User OAuth Token (xoxb-...)");
		return false;
	}
	if (!read_token(c, option(c, "--token-file"), &k.token, err) || !read_token(c, option(c, "--app-token-file"), &k.app_token, err))
		return false;
	if (!str_ends(k.api, S("/")))
		k.api = arena_printf(&c->arena, STR_FMT "/", STR_ARG(k.api));
	buf_init(&b, 1 * MIB);
	k.out = json_out(&b);
	json_open(&k.out, '[');
	if (check_token(&k)) {
		struct str scopes = k.scopes;

		check_scopes(&k);
		check_socket(&k);
		k.scopes = scopes;
		check_channels(&k);
	}
	json_close(&k.out, ']');
	if (c->json)
		printf("{\"ok\":%s,\"steps\":" STR_FMT "}\n", k.failed ? "false" : "true", STR_ARG(buf_str(&b)));
	buf_done(&b);
	c->exit_code = k.failed;
	return true;
}
