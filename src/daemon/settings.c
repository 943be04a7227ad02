#include "daemon/settings.h"

#include "base/yaml.h"
#include "daemon/data_dir.h"
#include "net/mail_out.h"
#include "net/syslog.h"

#include <arpa/inet.h>

#define RELOAD true
#define RESTART false
const struct setting settings_table[SETTINGS] = {
#define SETTING(name, type, standard, range, when, help)                                                               \
	{#name, SETTING_##type, standard, range, when, help, offsetof(struct settings, name)},
#include "daemon/settings.def"
#undef SETTING
};

/* ---- values ---- */

bool listen_parse(struct str listen, struct str *host, int *port)
{
	size_t colon = listen.n;
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	int64_t v;
	bool brackets;

	while (colon && listen.p[colon - 1] != ':')
		colon--;
	if (!colon || !str_to_int(str_n(listen.p + colon, listen.n - colon), &v) || v < 0 || v > 65535)
		return false;
	*host = str_n(listen.p, colon - 1);
	*port = (int)v;
	brackets = str_starts(*host, S("[")) && str_ends(*host, S("]"));
	if (brackets)
		*host = str_n(host->p + 1, host->n - 2);
	if (host->n >= sizeof text)
		return false;
	memcpy(text, host->p, host->n);
	text[host->n] = '\0';
	return inet_pton(brackets ? AF_INET6 : AF_INET, text, &address) == 1;
}

static bool url_ok(struct str s)
{
	struct str rest, host;

	if (str_starts(s, S("http://")))
		rest = str_n(s.p + 7, s.n - 7);
	else if (str_starts(s, S("https://")))
		rest = str_n(s.p + 8, s.n - 8);
	else
		return false;
	str_cut(rest, '/', &host);
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '?' || s.p[i] == '#' || s.p[i] == '"')
			return false;
	return host.n > 0;
}

static bool size_parse(struct str s, int64_t *out)
{
	static const char units[] = "KMG";
	const char *unit = s.n ? strchr(units, s.p[s.n - 1]) : NULL;
	unsigned shift = unit && *unit ? 10 * (unsigned)(unit - units + 1) : 0;

	if (!str_to_int(shift ? str_n(s.p, s.n - 1) : s, out) || *out < 0 || *out > INT64_MAX >> shift)
		return false;
	*out <<= shift;
	return true;
}

static bool number_parse(enum setting_type type, struct str text, int64_t *out)
{
	switch (type) {
	case SETTING_SIZE:
		return size_parse(text, out);
	case SETTING_SPAN:
		return span_parse(text, out);
	default:
		return str_to_int(text, out);
	}
}

static bool number_in_range(const struct setting *s, struct str text, int64_t *out)
{
	struct str from, to = str_cut(str_of(s->range), '.', &from);
	int64_t least, most;

	return number_parse(s->type, text, out) && number_parse(s->type, from, &least) &&
	       number_parse(s->type, str_n(to.p + 1, to.n - 1), &most) && *out >= least && *out <= most;
}

static bool value_parse(struct arena *a, const struct setting *s, struct str text, struct settings *out)
{
	void *at = (char *)out + s->offset;
	struct err ignored = {0};
	struct str host;
	int64_t v = 0;
	int port;

	switch (s->type) {
	case SETTING_PATH:
		*(struct str *)at = arena_dup(a, text);
		return text.n > 0 && !memchr(text.p, '\0', text.n);
	case SETTING_ADDRESS:
		*(struct str *)at = arena_dup(a, text);
		return listen_parse(text, &host, &port);
	case SETTING_URL:
		while (text.n && text.p[text.n - 1] == '/')
			text.n--;
		*(struct str *)at = arena_dup(a, text);
		return url_ok(text);
	case SETTING_SYSLOG:
		*(struct str *)at = arena_dup(a, text);
		return syslog_address_ok(text, &ignored);
	case SETTING_MAIL_SERVER:
		*(struct str *)at = arena_dup(a, text);
		return mail_server_ok(text);
	case SETTING_EMAIL:
		*(struct str *)at = arena_dup(a, text);
		return mail_address_ok(text);
	case SETTING_LEVEL:
		return log_level_parse(text, at);
	case SETTING_SIZE:
		if (!number_in_range(s, text, &v))
			return false;
		*(size_t *)at = (size_t)v;
		return true;
	case SETTING_SPAN:
		return number_in_range(s, text, at);
	case SETTING_COUNT:
		if (!number_in_range(s, text, &v))
			return false;
		*(unsigned *)at = (unsigned)v;
		return true;
	}
	return false;
}

/* What a person can write instead. */
static struct str allowed(struct arena *a, const struct setting *s)
{
	struct str from, to = str_cut(str_of(s->range), '.', &from);
	const char *what = s->type == SETTING_SIZE ? "a size" : s->type == SETTING_SPAN ? "a time" : "a number";

	if (s->type < SETTING_SIZE)
		return arena_printf(a, "%s%s%s", s->range, s->standard[0] ? ", such as " : "", s->standard);
	return arena_printf(a, "%s from " STR_FMT " to %.*s, such as %s", what, STR_ARG(from), (int)to.n - 1, to.p + 1,
			    s->standard);
}

/* What a message may say of it: errors are logged, a password in a URL is not. */
static struct str shown(struct str text)
{
	struct str head, rest = str_cut(text, '@', &head);

	while (rest.n && memchr(rest.p, '@', rest.n))
		rest = str_cut(rest, '@', &head);
	return rest.n ? rest : text;
}

static bool take(struct arena *a, const struct setting *s, struct str text, struct settings *out, struct err *err)
{
	if (value_parse(a, s, text, out))
		return true;
	err_set(err, ERR_INVALID, "%s takes " STR_FMT "; not \"" STR_FMT "\"", s->name, STR_ARG(allowed(a, s)),
		STR_ARG(str_clip(shown(text), 60)));
	return false;
}

/* ---- names ---- */

static const struct setting *find(struct str name)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (str_is(name, settings_table[i].name))
			return &settings_table[i];
	return NULL;
}

static const struct setting *nearest(struct str name)
{
	const struct setting *best = NULL;
	unsigned least = 4;

	for (size_t i = 0; i < SETTINGS; i++) {
		struct str other = str_of(settings_table[i].name);
		unsigned d = str_distance(name, other);

		if (name.n >= 3 && (str_find(other, name, NULL) || str_find(name, other, NULL)) && d > 3)
			d = 3;
		if (d < least) {
			least = d;
			best = &settings_table[i];
		}
	}
	return best;
}

struct str settings_option_name(struct arena *a, const struct setting *s)
{
	char *name = (char *)arena_printf(a, "--%s", s->name).p;

	for (char *c = name; *c; c++)
		*c = *c == '_' ? '-' : *c;
	return str_of(name);
}

const struct setting *settings_option(struct str word)
{
	char name[64];

	if (!str_starts(word, S("--")) || word.n - 2 >= sizeof name)
		return NULL;
	for (size_t i = 2; i < word.n; i++) {
		if (word.p[i] == '_')
			return NULL;
		name[i - 2] = word.p[i] == '-' ? '_' : word.p[i];
	}
	return find(str_n(name, word.n - 2));
}

const char *settings_value_name(const struct setting *s)
{
	static const char *const names[] = {"PATH", "ADDRESS:PORT", "URL", "RECEIVER", "URL", "EMAIL", "LEVEL", "SIZE", "SPAN", "COUNT"};

	return names[s->type];
}

/* ---- where they come from ---- */

static bool read_one(struct arena *a, const struct json *v, struct settings *out, struct err *err)
{
	const struct setting *s = find(v->key), *meant;

	if (!s) {
		meant = nearest(v->key);
		err_set(err, ERR_INVALID, "there is no setting \"" STR_FMT "\"%s%s%s", STR_ARG(str_clip(v->key, 60)),
			meant ? "; did you mean " : "", meant ? meant->name : "", meant ? "?" : "");
		return false;
	}
	if (v->type >= JSON_ARRAY) {
		err_set(err, ERR_INVALID, "%s takes one value: " STR_FMT, s->name, STR_ARG(allowed(a, s)));
		return false;
	}
	return v->type == JSON_NULL || take(a, s, v->text, out, err); /* "listen:" alone says nothing */
}

static bool read_tree(struct arena *a, const char *file, const struct json *tree, struct settings *out, struct err *err)
{
	if (tree->type != JSON_OBJECT && tree->type != JSON_NULL) {
		err_set(err, ERR_INVALID, "%s: line %u: settings stand one a line, as name: value", file, tree->line);
		return false;
	}
	for (const struct json *v = tree->child; v; v = v->next)
		if (!read_one(a, v, out, err)) {
			err_prefix(err, "%s: line %u: ", file, v->line);
			return false;
		}
	return true;
}

static bool read_file(struct arena *a, const char *file, struct settings *out, struct err *err)
{
	struct json *tree;
	struct str text;

	if (!file)
		return true;
	if (!file_read(a, file, &text, err))
		return false;
	tree = yaml_parse(a, text, file, err);
	return tree && read_tree(a, file, tree, out, err);
}

static bool read_given(struct arena *a, const struct settings_given *given, struct settings *out, struct err *err)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (given->text[i].p && !take(a, &settings_table[i], given->text[i], out, err)) {
			err_prefix(err, STR_FMT ": ", STR_ARG(settings_option_name(a, &settings_table[i])));
			return false;
		}
	return true;
}

static bool fit_together(const struct settings *s, const char *file, struct err *err)
{
	const char *missing = !s->tls_certificate.n == !s->tls_key.n ? NULL : s->tls_key.n ? "tls_certificate" : "tls_key";
	const char *pair = "tls_certificate and tls_key";

	if (!missing && !s->mail_server.n != !s->mail_from.n) {
		missing = s->mail_from.n ? "mail_server" : "mail_from";
		pair = "mail_server and mail_from";
	}
	if (missing)
		err_set(err, ERR_INVALID, "%s%s%s go together; %s is missing", file ? file : "", file ? ": " : "", pair, missing);
	return !missing;
}

bool settings_read(struct arena *a, const char *file, const struct settings_given *given, struct settings *out,
		   struct err *err)
{
	*out = (struct settings){0};
	for (size_t i = 0; i < SETTINGS; i++)
		if (settings_table[i].standard[0] &&
		    !take(a, &settings_table[i], str_of(settings_table[i].standard), out, err))
			return false;
	return read_file(a, file, out, err) && read_given(a, given, out, err) && fit_together(out, file, err);
}

/* ---- the reload ---- */

static size_t value_size(enum setting_type type)
{
	switch (type) {
	case SETTING_LEVEL:
		return sizeof(enum log_level);
	case SETTING_SIZE:
		return sizeof(size_t);
	case SETTING_SPAN:
		return sizeof(span_ms);
	case SETTING_COUNT:
		return sizeof(unsigned);
	default:
		return sizeof(struct str);
	}
}

static bool is_same(enum setting_type type, const void *x, const void *y)
{
	return type < SETTING_LEVEL ? str_eq(*(const struct str *)x, *(const struct str *)y)
				    : memcmp(x, y, value_size(type)) == 0;
}

/* The texts of `fresh` may end with the arena that they were read into. */
static void value_take(struct arena *a, const struct setting *s, void *at, const void *new)
{
	if (s->type < SETTING_LEVEL)
		*(struct str *)at = arena_dup(a, *(const struct str *)new);
	else
		memcpy(at, new, value_size(s->type));
}

void settings_reload(struct arena *a, struct settings *now, const struct settings *fresh, struct buf *changed, struct buf *waits)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings_table[i];
		struct buf *names = s->reload ? changed : waits;
		void *at = (char *)now + s->offset;
		const void *new = (const char *)fresh + s->offset;

		if (is_same(s->type, at, new))
			continue;
		if (s->reload)
			value_take(a, s, at, new);
		buf_printf(names, "%s%s", names->n ? " " : "", s->name);
	}
}
