#include "api/source_auth.h"

#include "ops/sns.h"

#include <inttypes.h>

/* Stored: {"header":NAME,"mac":HEX}, {"hmac":NAME,"prefix":P,"sealed":HEX}, {"basic":"user","mac":HEX}, {"sns":TOPIC or "*"}. No mac, no sealed: the secret
 * is the derived one. */

#define SECRET_LEAST 8
#define SECRET_MOST 200

/* What is known of a token or password. A short one cannot be tried out by who has the store, but not secret.key. */
static struct str mac_of(struct work *w, int64_t source_id, struct str secret)
{
	uint8_t mac[32];

	crypt_hmac_sha256(&w->engine->key,
			  arena_printf(w->arena, "source-token:%" PRId64 ":" STR_FMT, source_id, STR_ARG(secret)), mac);
	return crypt_hex(w->arena, mac, sizeof mac);
}

static struct secret seal_key(struct work *w, int64_t source_id)
{
	struct secret key;

	crypt_hmac_sha256(&w->engine->key, arena_printf(w->arena, "source-seal:%" PRId64, source_id), key.bytes);
	return key;
}

/* ---- from a provision file ---- */

struct auth_given {
	struct str header, hmac, prefix, basic, sns;
	const struct json *secret; /* NULL: none was given */
};

static struct str text_of(const struct json *v)
{
	return v && v->type < JSON_ARRAY && v->type != JSON_NULL ? v->text : S("");
}

/* `auth: hmac`: as the kind says. */
static bool read_word(const struct source_can *can, struct str word, struct auth_given *g, struct err *err)
{
	if (str_is(word, "header") && can->header.n)
		g->header = can->header;
	else if (str_is(word, "hmac") && can->hmac.n)
		g->hmac = can->hmac;
	else if (str_is(word, "sns") && can->sns)
		g->sns = S("*");
	else if (str_is(word, "sns"))
		err_set(err, ERR_INVALID, "this tool's messages do not come by Amazon SNS");
	else if (str_is(word, "header") || str_is(word, "hmac"))
		err_set(err, ERR_INVALID, "the tool's file does not say which header: auth: {" STR_FMT ": X-Name}",
			STR_ARG(word));
	else if (!str_is(word, "none"))
		err_set(err, ERR_INVALID,
			"`auth` is none, header, hmac, sns, {header: X-Name}, {hmac: X-Name}, {basic: user:password} or {sns: TOPIC}");
	return err->code == ERR_NONE;
}

static bool read_mapping(const struct json *given, struct auth_given *g, struct err *err)
{
	const struct json *token = json_get(given, "token"), *secret = json_get(given, "secret"),
			  *prefix = json_get(given, "prefix");
	unsigned known = 0;

	g->header = text_of(json_get(given, "header"));
	g->hmac = text_of(json_get(given, "hmac"));
	g->basic = text_of(json_get(given, "basic"));
	g->sns = text_of(json_get(given, "sns"));
	g->prefix = text_of(prefix);
	g->secret = g->header.n ? token : secret;
	known = (g->header.n > 0) + (g->hmac.n > 0) + (g->basic.n > 0) + (g->sns.n > 0);
	if (known != 1 ||
	    given->count != known + (g->header.n && token) + (g->hmac.n && secret) + (g->hmac.n && prefix))
		err_set(err, ERR_INVALID,
			"`auth` is {header: X-Name, token: ...}, {hmac: X-Name, prefix: ..., secret: ...}, {basic: "
			"user:password} or {sns: TOPIC}");
	return err->code == ERR_NONE;
}

static bool check_given(const struct auth_given *g, struct err *err)
{
	struct str name = g->header.n ? g->header : g->hmac, secret = g->basic.n ? g->basic : text_of(g->secret), user;

	if (name.n && !source_header_ok(name))
		err_set(err, ERR_INVALID, "`" STR_FMT "` is no name of a header", STR_ARG(str_clip(name, 60)));
	else if (g->sns.n && !str_is(g->sns, "*") && !sns_topic_ok(g->sns))
		err_set(err, ERR_INVALID, "`sns` is the ARN of the topic, as arn:aws:sns:eu-central-1:123456789012:alarms");
	else if (g->prefix.n > 40)
		err_set(err, ERR_INVALID, "a prefix has at most 40 characters");
	else if (g->basic.n &&
		 (!memchr(g->basic.p, ':', g->basic.n) || !str_cut(g->basic, ':', &user).n || !user.n || user.n > 60))
		err_set(err, ERR_INVALID, "`basic` is user:password");
	else if ((g->basic.n || g->secret) && (secret.n < SECRET_LEAST || secret.n > SECRET_MOST))
		err_set(err, ERR_INVALID, "a token or secret has %d to %d characters", SECRET_LEAST, SECRET_MOST);
	return err->code == ERR_NONE;
}

static struct str stored_of(struct work *w, int64_t source_id, const struct auth_given *g)
{
	struct secret key = seal_key(w, source_id);
	struct str user;
	struct json_out o;
	struct buf b;

	buf_init(&b, 8 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	if (g->sns.n) {
		json_add_str(&o, "sns", g->sns);
	} else if (g->basic.n) {
		str_cut(g->basic, ':', &user);
		json_add_str(&o, "basic", user);
		json_add_str(&o, "mac", mac_of(w, source_id, g->basic));
	} else if (g->header.n) {
		json_add_str(&o, "header", g->header);
		if (g->secret)
			json_add_str(&o, "mac", mac_of(w, source_id, g->secret->text));
	} else {
		json_add_str(&o, "hmac", g->hmac);
		json_add_str(&o, "prefix", g->prefix);
		if (g->secret)
			json_add_str(&o, "sealed", crypt_seal(w->arena, &key, g->secret->text));
	}
	json_close(&o, '}');
	return buf_keep(w->arena, &b);
}

bool source_auth_read(struct work *w, const struct source_can *can, int64_t source_id, const struct json *given,
		      struct str *stored, struct err *err)
{
	struct auth_given g = {0};
	bool ok = given->type == JSON_OBJECT ? read_mapping(given, &g, err) : read_word(can, text_of(given), &g, err);

	if (!ok)
		return false;
	if (g.hmac.n && str_eq_nocase(g.hmac, can->hmac) && (given->type != JSON_OBJECT || !json_get(given, "prefix")))
		g.prefix = can->prefix;
	if (!check_given(&g, err))
		return false;
	*stored = g.header.n || g.hmac.n || g.basic.n || g.sns.n ? stored_of(w, source_id, &g) : S("");
	return true;
}

/* ---- what to enter at the tool ---- */

void source_auth_write(struct work *w, const struct source *s, struct json_out *o)
{
	static const char *const shown[] = {"header", "hmac", "prefix", "basic", "sns"};
	struct err ignored = {0};
	const struct json *auth = s->auth.n ? json_parse(w->arena, s->auth, JSON_STRICT, &ignored) : NULL;

	if (!auth)
		return;
	json_key(o, "auth");
	json_open(o, '{');
	for (size_t i = 0; i < COUNT_OF(shown); i++)
		if (json_get_str(auth, shown[i]).n)
			json_add_str(o, shown[i], json_get_str(auth, shown[i]));
	if (!json_get(auth, "mac") && !json_get(auth, "sealed") && !json_get(auth, "sns"))
		json_add_str(o, json_get(auth, "header") ? "token" : "secret", auth_source_secret(w, s->id));
	json_close(o, '}');
}

/* ---- a request ---- */

/* Several signatures may stand there, with commas between, while a secret is changed. */
static bool signature_ok(struct arena *a, struct str body, struct str header, struct str prefix, struct str secret)
{
	struct str wanted, one;
	uint8_t mac[32];
	bool ok = false;

	crypt_hmac_sha256_text(secret, body, mac);
	wanted = crypt_hex(a, mac, sizeof mac);
	while (header.n) {
		header = str_cut(header, ',', &one);
		one = str_trim(one);
		if (str_starts(one, prefix) &&
		    str_eq_secret(arena_lower(a, str_n(one.p + prefix.n, one.n - prefix.n)), wanted))
			ok = true;
	}
	return ok;
}

static bool refuse(const char *what, struct str name, struct err *err)
{
	err_set(err, ERR_UNAUTHENTICATED, "%s " STR_FMT " is missing or wrong: this source asks for it beside the key",
		what, STR_ARG(name));
	return false;
}

static bool check_hmac(struct work *w, const struct http_request *r, const struct source *s, const struct json *auth,
		       struct err *err)
{
	struct str name = arena_dup(w->arena, json_get_str(auth, "hmac")), sealed = json_get_str(auth, "sealed"),
		   secret = S("");
	struct secret key = seal_key(w, s->id);

	if (!sealed.n) {
		secret = auth_source_secret(w, s->id);
	} else if (!crypt_open(w->arena, &key, sealed, &secret)) {
		err_set(err, ERR_UNAVAILABLE,
			"the secret of this source cannot be read: is secret.key another one? Provision it again");
		return false;
	}
	return signature_ok(w->arena, r->body, http_header_get(r, name.p), json_get_str(auth, "prefix"), secret) ||
	       refuse("the signature in", name, err);
}

static bool check_header(struct work *w, const struct http_request *r, const struct source *s, const struct json *auth,
			 struct err *err)
{
	struct str name = arena_dup(w->arena, json_get_str(auth, "header")), got = http_header_get(r, name.p);
	struct str wanted = json_get_str(auth, "mac");

	if (!wanted.n)
		wanted = mac_of(w, s->id, auth_source_secret(w, s->id));
	return str_eq_secret(mac_of(w, s->id, got), wanted) || refuse("the token in", name, err);
}

static bool check_basic(struct work *w, const struct http_request *r, const struct source *s, const struct json *auth,
			struct err *err)
{
	struct str user, password, got;

	if (basic_parse(w->arena, http_header_get(r, "Authorization"), &user, &password)) {
		got = arena_printf(w->arena, STR_FMT ":" STR_FMT, STR_ARG(user), STR_ARG(password));
		if (str_eq_secret(mac_of(w, s->id, got), json_get_str(auth, "mac")))
			return true;
	}
	return refuse("basic authentication of", json_get_str(auth, "basic"), err);
}

bool source_auth_is_sns(const struct source *s)
{
	return str_starts(s->auth, S("{\"sns\""));
}

struct str source_auth_topic(struct arena *a, const struct source *s)
{
	struct err ignored = {0};

	return json_get_str(json_parse(a, s->auth, JSON_STRICT, &ignored), "sns");
}

bool source_auth_is_basic(const struct source *s)
{
	return str_starts(s->auth, S("{\"basic\""));
}

bool source_auth_check(struct work *w, const struct http_request *r, const struct source *s, struct err *err)
{
	const struct json *auth;

	if (!s->auth.n)
		return true;
	auth = json_parse(w->arena, s->auth, JSON_STRICT, err);
	if (!auth)
		return false; /* never let in what cannot be checked */
	if (json_get(auth, "hmac"))
		return check_hmac(w, r, s, auth, err);
	return json_get(auth, "header") ? check_header(w, r, s, auth, err) : check_basic(w, r, s, auth, err);
}
