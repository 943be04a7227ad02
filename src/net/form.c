#include "net/form.h"

#define FIELDS_MAX 1000
#define BOUNDARY_MAX 70 /* RFC 2046 section 5.1.1 */

/* ---- escapes ---- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool percent_decode(struct arena *a, struct str s, bool plus_is_space, struct str *out)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
			int low = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if (c == '\0')
			return false;
		to[n++] = c;
	}
	to[n] = '\0';
	*out = str_n(to, n);
	return true;
}

/* RFC 3986 section 2.3 */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

struct str percent_encode(struct arena *a, struct str s)
{
	static const char digits[] = "0123456789ABCDEF";
	char *to = arena_alloc(a, s.n * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (is_unreserved(s.p[i])) {
			to[n++] = s.p[i];
			continue;
		}
		to[n++] = '%';
		to[n++] = digits[(unsigned char)s.p[i] >> 4];
		to[n++] = digits[s.p[i] & 15];
	}
	to[n] = '\0';
	return str_n(to, n);
}

/* ---- forms ---- */

static size_t count_char(struct str s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

bool form_parse(struct arena *a, struct str encoded, struct form *out, struct err *err)
{
	size_t most = count_char(encoded, '&') + 1;
	struct str pair, name;

	*out = (struct form){0};
	if (most > FIELDS_MAX) {
		err_set(err, ERR_TOO_MANY, "a form has at most %d fields", FIELDS_MAX);
		return false;
	}
	out->fields = arena_zero(a, most * sizeof *out->fields);
	while (encoded.n) {
		struct form_field *f = &out->fields[out->count];

		encoded = str_cut(encoded, '&', &pair);
		if (!pair.n)
			continue;
		f->value = str_cut(pair, '=', &name);
		if (!percent_decode(a, name, true, &f->name) || !percent_decode(a, f->value, true, &f->value)) {
			err_set(err, ERR_INVALID, "field %zu of the form has a bad escape", out->count + 1);
			return false;
		}
		out->count++;
	}
	return true;
}

const struct form_field *form_find(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (str_is(f->fields[i].name, name))
			return &f->fields[i];
	return NULL;
}

struct str form_get(const struct form *f, const char *name)
{
	const struct form_field *field = form_find(f, name);

	return field ? field->value : S("");
}

/* ---- header values with parameters ---- */

static struct str trim_blanks(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool content_type_is(struct str header, const char *type)
{
	struct str head;

	str_cut(header, ';', &head);
	return str_eq_nocase(trim_blanks(head), str_of(type));
}

/* Takes `name=value` off the front of "; name=value; name2=..."; a value in quotes may have \" in it (RFC 9110 section
 * 5.6.6). 1: taken; 0: there is none; -1: malformed. */
static int next_parameter(struct arena *a, struct str *rest, struct str *name, struct str *value)
{
	struct str s = trim_blanks(*rest);
	size_t n = 0, at = 0;
	char *text;

	while (s.n && s.p[0] == ';')
		s = trim_blanks(str_n(s.p + 1, s.n - 1));
	if (!s.n)
		return 0;
	while (n < s.n && s.p[n] != '=' && s.p[n] != ';')
		n++;
	if (n == s.n || s.p[n] != '=' || n == 0)
		return -1;
	*name = trim_blanks(str_n(s.p, n));
	s = trim_blanks(str_n(s.p + n + 1, s.n - n - 1));
	if (!s.n || s.p[0] != '"') {
		for (n = 0; n < s.n && s.p[n] != ';';)
			n++;
		*value = trim_blanks(str_n(s.p, n));
		*rest = str_n(s.p + n, s.n - n);
		return 1;
	}
	text = arena_alloc(a, s.n);
	for (n = 1; n < s.n && s.p[n] != '"'; n++) {
		/* browsers send backslashes of file names as they are; only \" and \\ are escapes */
		if (s.p[n] == '\\' && n + 1 < s.n && (s.p[n + 1] == '"' || s.p[n + 1] == '\\'))
			n++;
		text[at++] = s.p[n];
	}
	if (n >= s.n)
		return -1;
	*value = str_n(text, at);
	*rest = str_n(s.p + n + 1, s.n - n - 1);
	return 1;
}

/* The value of a parameter, p NULL if there is none. false: malformed, or it is there twice. */
static bool parameter_find(struct arena *a, struct str header, const char *want, struct str *out)
{
	struct str first, rest, name, value;
	int more;

	*out = (struct str){NULL, 0};
	rest = str_cut(header, ';', &first);
	while ((more = next_parameter(a, &rest, &name, &value)) > 0) {
		if (!str_eq_nocase(name, str_of(want)))
			continue;
		if (out->p)
			return false;
		*out = value;
	}
	return more == 0;
}

/* ---- multipart ---- */

static bool malformed(struct err *err, const char *why)
{
	err_set(err, ERR_INVALID, "the multipart body is malformed: %s", why);
	return false;
}

static bool read_boundary(struct arena *a, struct str content_type, struct str *out, struct err *err)
{
	struct str boundary;

	if (!content_type_is(content_type, "multipart/form-data") ||
	    !parameter_find(a, content_type, "boundary", &boundary) || !boundary.n || boundary.n > BOUNDARY_MAX)
		return malformed(err, "Content-Type has no valid boundary");
	*out = arena_printf(a, "--" STR_FMT, STR_ARG(boundary));
	if (out->n != boundary.n + 2)
		return malformed(err, "Content-Type has no valid boundary");
	return true;
}

/* The header lines of one part; only two of them mean something (RFC 7578 section 4.2 and 4.4). */
static bool read_part_headers(struct arena *a, struct str head, struct form_field *f, struct err *err)
{
	bool named = false;

	while (head.n) {
		struct str line, name, value;
		size_t end;

		if (!str_find(head, S("\r\n"), &end))
			end = head.n;
		line = str_n(head.p, end);
		head = end < head.n ? str_n(head.p + end + 2, head.n - end - 2) : S("");
		value = trim_blanks(str_cut(line, ':', &name));
		if (name.n == line.n)
			return malformed(err, "a header of a part has no colon");
		if (str_eq_nocase(name, S("content-type")))
			f->content_type = value;
		if (!str_eq_nocase(name, S("content-disposition")))
			continue;
		if (named || !content_type_is(value, "form-data") || !parameter_find(a, value, "name", &f->name) ||
		    !parameter_find(a, value, "filename", &f->file_name) || !f->name.p)
			return malformed(err, "a part has no valid Content-Disposition");
		named = true;
	}
	return named || malformed(err, "a part has no Content-Disposition");
}

/* Behind a boundary: "--" is the end, blanks and CR LF begin a part. 1: a part; 0: the end; -1: neither. */
static int after_boundary(struct str *rest)
{
	if (str_starts(*rest, S("--")))
		return 0;
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t'))
		rest->p++, rest->n--;
	if (!str_starts(*rest, S("\r\n")))
		return -1;
	return 1;
}

static bool read_part(struct arena *a, struct str *rest, struct str delimiter, struct form_field *f, struct err *err)
{
	struct str head;
	size_t at;

	/* *rest begins with the CR LF behind the boundary; the head may be empty */
	if (!str_find(*rest, S("\r\n\r\n"), &at))
		return malformed(err, "a part has no end of its headers");
	head = at >= 2 ? str_n(rest->p + 2, at - 2) : S("");
	*rest = str_n(rest->p + at + 2, rest->n - at - 2); /* the last CR LF may belong to the next delimiter */
	if (!str_find(*rest, delimiter, &at))
		return malformed(err, "the last boundary is missing");
	f->value = at >= 2 ? str_n(rest->p + 2, at - 2) : S("");
	*rest = str_n(rest->p + at + delimiter.n, rest->n - at - delimiter.n);
	return read_part_headers(a, head, f, err);
}

bool form_parse_multipart(struct arena *a, struct str content_type, struct str body, struct form *out, struct err *err)
{
	struct str boundary, delimiter;
	size_t room = 0, at;
	int more;

	*out = (struct form){0};
	if (!read_boundary(a, content_type, &boundary, err))
		return false;
	delimiter = arena_printf(a, "\r\n" STR_FMT, STR_ARG(boundary));
	if (str_starts(body, boundary))
		at = 0;
	else if (str_find(body, delimiter, &at)) /* a preamble */
		at += 2;
	else
		return malformed(err, "the first boundary is missing");
	body = str_n(body.p + at + boundary.n, body.n - at - boundary.n);
	while ((more = after_boundary(&body)) > 0) {
		if (out->count == FIELDS_MAX) {
			err_set(err, ERR_TOO_MANY, "a form has at most %d fields", FIELDS_MAX);
			return false;
		}
		if (out->count == room) {
			struct form_field *grown = arena_zero(a, (room = room ? room * 2 : 8) * sizeof *grown);

			if (out->count)
				memcpy(grown, out->fields, out->count * sizeof *grown);
			out->fields = grown;
		}
		if (!read_part(a, &body, delimiter, &out->fields[out->count], err))
			return false;
		out->count++;
	}
	return more == 0 || malformed(err, "a boundary has something behind it");
}

/* ---- cookies, authorization ---- */

struct str cookie_get(struct str header, const char *name)
{
	struct str want = str_of(name), pair, key, value;

	while (header.n) {
		header = str_cut(header, ';', &pair);
		pair = trim_blanks(pair);
		value = str_cut(pair, '=', &key);
		if (key.n == pair.n || !str_eq(trim_blanks(key), want))
			continue;
		value = trim_blanks(value);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_n(value.p + 1, value.n - 2);
		return value;
	}
	return S("");
}

static bool scheme_cut(struct str header, struct str scheme, struct str *rest)
{
	if (header.n <= scheme.n || !str_eq_nocase(str_n(header.p, scheme.n), scheme) || header.p[scheme.n] != ' ')
		return false;
	*rest = trim_blanks(str_n(header.p + scheme.n, header.n - scheme.n));
	return rest->n > 0;
}

bool bearer_parse(struct str authorization, struct str *token)
{
	if (!scheme_cut(authorization, S("Bearer"), token))
		return false;
	for (size_t i = 0; i < token->n; i++)
		if (token->p[i] <= ' ' || token->p[i] >= 0x7f)
			return false;
	return true;
}

bool basic_parse(struct arena *a, struct str authorization, struct str *user, struct str *password)
{
	struct str encoded, text;

	if (!scheme_cut(authorization, S("Basic"), &encoded) || !base64_decode(a, encoded, &text) ||
	    memchr(text.p, '\0', text.n) || !memchr(text.p, ':', text.n))
		return false;
	*password = str_cut(text, ':', user);
	return true;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 section 4. The padding may be missing; bits that mean nothing must be 0. */
bool base64_decode(struct arena *a, struct str s, struct str *out)
{
	char *to = arena_alloc(a, s.n / 4 * 3 + 4);
	size_t n = 0, padding = 0;
	unsigned bits = 0, have = 0;

	while (padding < 2 && s.n && s.n % 4 == 0 && s.p[s.n - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < s.n - padding; i++) {
		int v = base64_value(s.p[i]);

		if (v < 0)
			return false;
		bits = bits << 6 | (unsigned)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[n++] = (char)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	if (have >= 6 || bits)
		return false;
	to[n] = '\0';
	*out = str_n(to, n);
	return true;
}
