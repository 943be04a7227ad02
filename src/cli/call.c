#include "cli/cli.h"

#include "net/client.h"

#define DEADLINE (30 * SECOND)

struct str bearer_header(struct cli *c)
{
	return arena_printf(&c->arena, "Authorization: Bearer " STR_FMT, STR_ARG(c->token));
}

struct str json_of(struct cli *c, const struct pair *pairs, size_t count)
{
	struct buf b;
	struct json_out o = json_out(&b);

	buf_init(&b, 16 * MIB);
	json_open(&o, '{');
	for (size_t i = 0; i < count; i++)
		if (pairs[i].value.p)
			json_add_str(&o, pairs[i].key, pairs[i].value);
	json_close(&o, '}');
	return buf_keep(&c->arena, &b);
}

static void add_encoded(struct buf *b, const char *z)
{
	for (; *z; z++) {
		if ((*z >= 'a' && *z <= 'z') || (*z >= 'A' && *z <= 'Z') || (*z >= '0' && *z <= '9') ||
		    strchr("-_.~", *z))
			buf_char(b, *z);
		else
			buf_printf(b, "%%%02X", (unsigned char)*z);
	}
}

struct str path_with(struct cli *c, const char *path, const struct query *q, size_t count)
{
	struct buf b;
	char separator = '?';

	buf_init(&b, 64 * KIB);
	buf_add(&b, str_of(path));
	for (size_t i = 0; i < count; i++) {
		if (!q[i].value)
			continue;
		buf_printf(&b, "%c%s=", separator, q[i].key);
		add_encoded(&b, q[i].value);
		separator = '&';
	}
	return buf_keep(&c->arena, &b);
}

struct str path_to(struct cli *c, const char *path, const char *id)
{
	struct buf b;

	buf_init(&b, 64 * KIB);
	buf_add(&b, str_of(path));
	add_encoded(&b, id);
	return buf_keep(&c->arena, &b);
}

/* ---- one exchange ---- */

struct exchange {
	const char *method, *type;
	struct str url, body;
	struct str headers[5];
	size_t header_count;
	int status;
	struct str answer, cookie;
	int64_t retry_after;
	bool is_hook; /* its key is in the address: a login would not help */
};

static void add_header(struct exchange *x, struct str header)
{
	x->headers[x->header_count++] = header;
}

/* Speaks HTTP. true: there is an answer, whatever its status. */
static bool exchange(struct cli *c, struct exchange *x, struct err *err)
{
	struct client_request r = {.method = x->method,
				   .url = x->url,
				   .headers = x->headers,
				   .body = x->body,
				   .deadline = c->deadline ? c->deadline : DEADLINE,
				   .answer_max_bytes = ANSWER_MAX,
				   .ca_file = c->ca_file};
	struct client_answer a;
	struct buf body;
	bool ok;

	add_header(x, S("User-Agent: opsroom-cli/" OPSROOM_VERSION)); /* the audit log then says: via cli */
	if (x->body.n)
		add_header(x, arena_printf(&c->arena, "Content-Type: %s",
					   x->type ? x->type : "application/json; charset=utf-8"));
	r.header_count = x->header_count;
	buf_init(&body, ANSWER_MAX);
	ok = http_call(&r, &a, &body, err);
	if (ok) {
		x->status = a.status;
		x->answer = arena_dup(&c->arena, a.body);
		x->cookie = arena_dup(&c->arena, str_of(a.cookie));
		x->retry_after = a.retry_after;
	} else {
		err_prefix(err, STR_FMT ": ", STR_ARG(str_clip(x->url, 100)));
	}
	buf_done(&body);
	return ok;
}

static enum err_code code_of_name(struct str name, int status)
{
	for (int i = 1; i < ERR_CODES; i++)
		if (str_is(name, err_info((enum err_code)i)->name))
			return (enum err_code)i;
	return err_of_http_status(status);
}

/* The sentence of a problem (RFC 9457), or what the status says by itself. */
static void refuse(struct cli *c, const struct exchange *x, const struct json *problem, struct err *err)
{
	struct str detail = json_get_str(problem, "detail");
	enum err_code code = code_of_name(json_get_str(problem, "code"), x->status);
	const char *hint = code == ERR_UNAUTHENTICATED && !x->is_hook ? " (opsroom login)" : "";

	if (c->json && problem)
		say_json(problem);
	if (!detail.n)
		detail = json_get_str(problem, "title");
	if (!detail.n)
		detail = arena_printf(&c->arena, "%s (the server answered %d)", err_info(code)->title, x->status);
	if (x->retry_after > 0)
		err_set(err, code, STR_FMT "; try again in %lld s", STR_ARG(str_clip(detail, 300)),
			(long long)x->retry_after);
	else
		err_set(err, code, STR_FMT "%s", STR_ARG(str_clip(detail, 300)), hint);
}

/* exchange(), and the answer has to be good and JSON. */
static bool exchange_json(struct cli *c, struct exchange *x, struct json **answer, struct err *err)
{
	struct err why = {0};
	struct json *v;

	if (!exchange(c, x, err))
		return false;
	v = json_parse(&c->arena, x->answer, JSON_LAST_KEY_WINS, &why);
	if (x->status < 200 || x->status > 299) {
		refuse(c, x, v, err);
		return false;
	}
	if (!v) {
		err_set(err, ERR_UNAVAILABLE, "what answers at " STR_FMT " is no opsroom: %s",
			STR_ARG(str_clip(x->url, 100)), why.text);
		return false;
	}
	*answer = v;
	return true;
}

static struct str url_of(struct cli *c, struct str path)
{
	return arena_printf(&c->arena, STR_FMT STR_FMT, STR_ARG(c->url), STR_ARG(path));
}

bool call(struct cli *c, const char *method, struct str path, struct str body, struct json **answer, struct err *err)
{
	struct exchange x = {.method = method, .url = url_of(c, path), .body = body};

	add_header(&x, bearer_header(c));
	return exchange_json(c, &x, answer, err);
}

bool call_lines(struct cli *c, struct str path, struct buf *body, struct err *err)
{
	struct str headers[] = {bearer_header(c), S("User-Agent: opsroom-cli/" OPSROOM_VERSION)};
	struct client_request r = {.method = "GET",
				   .url = url_of(c, path),
				   .headers = headers,
				   .header_count = COUNT_OF(headers),
				   .deadline = DEADLINE,
				   .answer_max_bytes = ANSWER_MAX,
				   .ca_file = c->ca_file};
	struct client_answer a;

	buf_reset(body);
	if (!http_call(&r, &a, body, err))
		return false;
	if (a.status >= 200 && a.status <= 299)
		return true;
	refuse(c, &(struct exchange){.status = a.status, .retry_after = a.retry_after}, json_parse(&c->arena, buf_str(body), JSON_LAST_KEY_WINS, NULL), err);
	return false;
}

bool call_yaml(struct cli *c, struct str path, struct str yaml, struct json **answer, struct err *err)
{
	struct exchange x = {.method = "POST", .url = url_of(c, path), .body = yaml, .type = "application/yaml"};

	add_header(&x, bearer_header(c));
	return exchange_json(c, &x, answer, err);
}

bool call_hook(struct cli *c, struct str url, struct str body, struct err *err)
{
	return call_hook_typed(c, url, NULL, body, err);
}

bool call_hook_typed(struct cli *c, struct str url, const char *type, struct str body, struct err *err)
{
	struct exchange x = {.method = "POST", .url = url, .body = body, .type = type, .is_hook = true};

	if (!exchange(c, &x, err))
		return false;
	if (x.status >= 200 && x.status <= 299)
		return true;
	refuse(c, &x, json_parse(&c->arena, x.answer, JSON_LAST_KEY_WINS, NULL), err);
	return false;
}

/* ---- Slack's API ---- */

static enum err_code slack_code(struct str error)
{
	static const struct {
		const char *error;
		enum err_code code;
	} known[] = {
		{"not_authed", ERR_UNAUTHENTICATED},    {"invalid_auth", ERR_UNAUTHENTICATED},
		{"token_revoked", ERR_UNAUTHENTICATED}, {"account_inactive", ERR_UNAUTHENTICATED},
		{"missing_scope", ERR_FORBIDDEN},       {"not_in_channel", ERR_FORBIDDEN},
		{"restricted_action", ERR_FORBIDDEN},   {"not_allowed", ERR_FORBIDDEN},
		{"is_archived", ERR_CONFLICT},          {"ratelimited", ERR_TOO_MANY},
		{"rate_limited", ERR_TOO_MANY},         {"internal_error", ERR_INTERNAL},
		{"fatal_error", ERR_INTERNAL},          {"service_unavailable", ERR_UNAVAILABLE},
		{"msg_too_long", ERR_TOO_BIG},
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (str_is(error, known[i].error))
			return known[i].code;
	return str_ends(error, S("_not_found")) ? ERR_NOT_FOUND : ERR_INVALID;
}

bool call_slack(struct cli *c, const char *method, struct str body, struct json **answer, struct err *err)
{
	struct str error;

	if (!call(c, "POST", arena_printf(&c->arena, "/api/%s", method), body, answer, err))
		return false;
	if (json_get_bool(*answer, "ok", false))
		return true;
	if (c->json)
		say_json(*answer);
	error = json_get_str(*answer, "error");
	err_set(err, slack_code(error), "%s: " STR_FMT, method, STR_ARG(str_clip(error, 200)));
	return false;
}

/* ---- login ---- */

static bool call_with_cookie(struct cli *c, const char *path, struct str body, struct str *cookie, struct json **answer,
			     struct err *err)
{
	struct exchange x = {.method = "POST", .url = url_of(c, str_of(path)), .body = body};

	add_header(&x, S("X-Opsroom: console"));
	if (cookie->n)
		add_header(&x, arena_printf(&c->arena, "Cookie: " STR_FMT, STR_ARG(*cookie)));
	if (!exchange_json(c, &x, answer, err))
		return false;
	*cookie = x.cookie.n ? x.cookie : *cookie;
	return true;
}

static struct str token_request(struct cli *c, struct str name, const char *scope)
{
	struct buf b;
	struct json_out o = json_out(&b);

	buf_init(&b, 64 * KIB);
	json_open(&o, '{');
	json_add_str(&o, "name", name);
	json_key(&o, "scopes");
	json_open(&o, '[');
	json_put_str(&o, str_of(scope));
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_keep(&c->arena, &b);
}

bool call_login(struct cli *c, struct str user, struct str password, struct str token_name, const char *scope,
		struct saved *out, struct err *err)
{
	struct str cookie = {"", 0};
	struct err ignored = {0};
	struct json *me, *made, *gone;
	bool ok;

	if (!call_with_cookie(c, "/v1/login",
			      json_of(c, (const struct pair[]){{"user", user}, {"password", password}}, 2), &cookie,
			      &me, err))
		return false;
	if (!scope)
		scope = str_is(json_get_str(me, "role"), "admin") || str_is(json_get_str(me, "role"), "owner")
				? "admin"
				: "write";
	ok = call_with_cookie(c, "/v1/tokens", token_request(c, token_name, scope), &cookie, &made, err);
	if (ok) {
		out->user = json_get_str(me, "name");
		out->token = json_get_str(made, "token");
		out->token_id = json_get_str(made, "id");
		if (!out->token.n) {
			err_set(err, ERR_UNAVAILABLE, "the server made no token");
			ok = false;
		}
	}
	if (!call_with_cookie(c, "/v1/logout", S("{}"), &cookie, &gone, &ignored))
		return ok; /* the session ends by itself */
	return ok;
}
