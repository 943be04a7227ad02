#include "net/mail.h"

#include "net/mail_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_MAX (8 * KIB)     /* of one header, so that looking for encoded words in it stays cheap */
#define ENCODED_MAX (512 * KIB) /* of a text part: more than MAIL_TEXT_BYTES in any encoding */

struct header {
	struct str name, raw; /* raw: still folded and encoded */
};

struct headers {
	struct header items[MAIL_HEADERS];
	size_t count;
};

/* ---- headers ---- */

static bool name_ok(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
	return name.n > 0 && name.n <= 80;
}

static struct str without_cr(struct str line)
{
	return line.n && line.p[line.n - 1] == '\r' ? str_n(line.p, line.n - 1) : line;
}

/* Cuts the headers off; the answer is the body. A line that is no header begins the body: `echo hello | mail-in`. */
static struct str headers_cut(struct str message, struct headers *h)
{
	struct str rest = message, line, name, value, next;

	h->count = 0;
	while (rest.n) {
		next = str_cut(rest, '\n', &line);
		line = without_cr(line);
		if (!line.n)
			return next;
		if ((line.p[0] == ' ' || line.p[0] == '\t') && h->count) {
			struct header *last = &h->items[h->count - 1];

			last->raw.n = (size_t)(line.p + line.n - last->raw.p);
			rest = next;
			continue;
		}
		str_cut(line, ':', &name);
		if (name.n == line.n || !name_ok(str_trim(name))) {
			if (rest.p == message.p && str_starts(line, S("From "))) { /* of a mailbox file */
				rest = next;
				continue;
			}
			return rest;
		}
		if (h->count == MAIL_HEADERS)
			h->count--; /* nobody asks for the last one */
		value = str_n(name.p + name.n + 1,
			      line.n - name.n - 1); /* in the message even if empty: it may go on in the next line */
		h->items[h->count++] = (struct header){str_trim(name), value};
		rest = next;
	}
	return rest;
}

static struct str header_raw(const struct headers *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (str_eq_nocase(h->items[i].name, str_of(name)))
			return h->items[i].raw;
	return S("");
}

/* RFC 5322 section 2.2.3 */
static struct str unfold(struct arena *a, struct str raw)
{
	char *to;
	size_t n = 0;

	raw.n = raw.n < VALUE_MAX ? raw.n : VALUE_MAX;
	if (!memchr(raw.p, '\n', raw.n))
		return str_trim(raw);
	to = arena_alloc(a, raw.n);
	for (size_t i = 0; i < raw.n; i++)
		if (raw.p[i] != '\n' && raw.p[i] != '\r')
			to[n++] = raw.p[i];
	return str_trim(str_n(to, n));
}

static struct str header_get(struct arena *a, const struct headers *h, const char *name)
{
	return unfold(a, header_raw(h, name));
}

/* "multipart/mixed; boundary="a b"": the value of a parameter, "" without one. */
static struct str param_get(struct arena *a, struct str value, const char *name)
{
	struct str rest = value, part, key;
	char *to;
	size_t n = 0;

	str_cut(rest, ';', &part);
	rest = str_n(rest.p + part.n, rest.n - part.n);
	while (rest.n) {
		rest = str_trim(str_n(rest.p + 1, rest.n - 1));
		part = str_cut(rest, '=', &key);
		if (!part.n || memchr(key.p, ';', key.n)) {
			str_cut(rest, ';', &part);
			rest = str_n(rest.p + part.n, rest.n - part.n);
			continue;
		}
		part = str_trim(part);
		to = arena_alloc(a, part.n + 1);
		n = 0;
		if (part.n && part.p[0] == '"') {
			size_t i = 1;

			for (; i < part.n && part.p[i] != '"'; i++) {
				i += part.p[i] == '\\' && i + 1 < part.n;
				to[n++] = part.p[i];
			}
			rest = str_n(part.p + i, part.n - i);
			str_cut(rest, ';', &part);
			rest = str_n(rest.p + part.n, rest.n - part.n);
		} else {
			str_cut(part, ';', &rest);
			memcpy(to, rest.p, n = rest.n);
			rest = str_n(part.p + n, part.n - n);
		}
		if (str_eq_nocase(str_trim(key), str_of(name)))
			return str_trim(str_n(to, n));
	}
	return S("");
}

/* ---- the text ---- */

struct reader {
	struct arena *a;
	struct str plain, html; /* p NULL: none yet */
	unsigned parts;
};

static void read_part(struct reader *r, struct str part, unsigned depth);

/* Does a boundary begin here? *after: what follows its line; *last: it is the closing one. RFC 2046 section 5.1.1. */
static bool is_boundary(struct str rest, struct str boundary, struct str *after, bool *last)
{
	struct str line;

	if (!str_starts(rest, S("--")) || !str_starts(str_n(rest.p + 2, rest.n - 2), boundary))
		return false;
	*after = str_cut(rest, '\n', &line);
	line = str_trim(str_n(line.p + 2 + boundary.n, line.n - 2 - boundary.n));
	*last = str_starts(line, S("--"));
	return *last || !line.n;
}

static void read_multipart(struct reader *r, struct str body, struct str boundary, unsigned depth)
{
	struct str rest = body, part = {NULL, 0}, line, after;
	bool last = false;

	if (!boundary.n || boundary.n > 200)
		return;
	while (rest.n && !r->plain.p && r->parts < MAIL_PARTS) {
		if (is_boundary(rest, boundary, &after, &last)) {
			if (part.p)
				read_part(r, str_n(part.p, (size_t)(rest.p - part.p)), depth + 1);
			part = after;
			if (last)
				return;
			rest = after;
		} else {
			rest = str_cut(rest, '\n', &line);
		}
	}
	if (part.p && !r->plain.p) /* the end is missing: the mail was cut */
		read_part(r, part, depth + 1);
}

static struct str part_text(struct reader *r, const struct headers *h, struct str type, struct str body)
{
	struct str encoding = header_get(r->a, h, "content-transfer-encoding");

	body = mail_transfer_decode(r->a, str_n(body.p, body.n < ENCODED_MAX ? body.n : ENCODED_MAX), encoding);
	return str_trim(mail_to_utf8(r->a, body, param_get(r->a, type, "charset")));
}

static void read_part(struct reader *r, struct str part, unsigned depth)
{
	struct headers *h = arena_alloc(r->a, sizeof *h);
	struct str body = headers_cut(part, h), type = header_get(r->a, h, "content-type"), kind, text, disposition;

	r->parts++;
	str_cut(type, ';', &kind);
	kind = arena_lower(r->a, str_trim(kind));
	str_cut(header_get(r->a, h, "content-disposition"), ';', &disposition);
	if (str_starts(kind, S("multipart/"))) {
		if (depth < MAIL_DEPTH)
			read_multipart(r, body, param_get(r->a, type, "boundary"), depth);
		return;
	}
	if ((kind.n && !str_starts(kind, S("text/"))) || str_eq_nocase(str_trim(disposition), S("attachment")))
		return;
	if (str_is(kind, "text/html")) {
		if (!r->html.p)
			r->html = part_text(r, h, type, body);
		return;
	}
	text = part_text(r, h, type, body);
	if (text.n)
		r->plain = text;
}

/* ---- addresses and dates ---- */

/* Before encoded words are read: a name may have any character in it, the address may not. "Nagios \"ops\" <nagios@example.com>, other@..." is nagios@example.com; "a@b (Ann)" is a@b. */
static struct str address_of(struct arena *a, struct str value)
{
	char *to = arena_alloc(a, value.n + 1);
	size_t n = 0;
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			i += c == '\\';
		else if (c == '(' || (c == ')' && depth))
			depth += c == '(' ? 1 : -1u;
		else if (depth)
			continue;
		else if (c == '<')
			n = 0;
		else if (c == '>' || c == ',')
			break;
		else
			to[n++] = c;
	}
	return arena_lower(a, str_trim(str_n(to, n)));
}

static int month_of(struct str word)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; word.n >= 3 && i < 12; i++)
		if (str_eq_nocase(str_n(word.p, 3), str_n(names + 3 * i, 3)))
			return i + 1;
	return 0;
}

/* "+0100", or a name of RFC 5322 section 4.3; of others nobody knows what they mean: -0000. */
static const char *zone_of(struct arena *a, struct str word)
{
	static const struct {
		const char *name, *zone;
	} names[] = {{"EST", "-05:00"}, {"EDT", "-04:00"}, {"CST", "-06:00"}, {"CDT", "-05:00"},
		     {"MST", "-07:00"}, {"MDT", "-06:00"}, {"PST", "-08:00"}, {"PDT", "-07:00"}};

	if (word.n == 5 && (word.p[0] == '+' || word.p[0] == '-'))
		return arena_printf(a, "%.3s:%.2s", word.p, word.p + 3).p;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq_nocase(word, str_of(names[i].name)))
			return names[i].zone;
	return "Z";
}

/* "Mon, 2 Mar 2026 02:00:00 +0100 (CET)" as RFC 3339. The caller of the text checks what the numbers say. */
static struct str date_of(struct arena *a, struct str value)
{
	struct str rest = value, word, words[5];
	size_t n = 0;
	int64_t day, year;
	struct str hour, minute, second;

	while (n < COUNT_OF(words) && str_word(&rest, &word))
		if (n || isdigit((unsigned char)word.p[0])) /* not the day of the week */
			words[n++] = word;
	if (n < 4 || !str_to_int(words[0], &day) || !month_of(words[1]) || !str_to_int(words[2], &year))
		return S("");
	second = str_cut(str_cut(words[3], ':', &hour), ':', &minute);
	if (year < 100)
		year += year < 50 ? 2000 : 1900;
	if (day < 1 || day > 31 || year < 1000 || year > 9999 || !hour.n || hour.n > 2 || minute.n != 2 || second.n > 2)
		return S("");
	return arena_printf(a, "%04d-%02d-%02dT%s" STR_FMT ":" STR_FMT ":" STR_FMT "%s", (int)year, month_of(words[1]),
			    (int)day, hour.n == 1 ? "0" : "", STR_ARG(hour), STR_ARG(minute),
			    STR_ARG(second.n == 2 ? second : S("00")), n == 5 ? zone_of(a, words[4]) : "Z");
}

/* ---- the tree ---- */

static struct json *add(struct arena *a, struct json *object, struct json **last, struct str key, enum json_type type,
			struct str text)
{
	struct json *m = arena_zero(a, sizeof *m);

	m->type = type;
	m->key = key;
	m->text = text;
	if (*last)
		(*last)->next = m;
	else
		object->child = m;
	*last = m;
	object->count++;
	return m;
}

static void add_headers(struct arena *a, struct json *object, const struct headers *h)
{
	struct json *last = NULL;
	size_t bytes = 0;

	for (size_t i = 0; i < h->count; i++) {
		struct str name = arena_lower(a, h->items[i].name), value;

		if (json_get(object, arena_dup(a, name).p))
			continue;
		value = mail_words(a, unfold(a, h->items[i].raw));
		bytes += name.n + value.n;
		if (bytes > MAIL_HEADERS_BYTES)
			break;
		add(a, object, &last, name, JSON_STR, value);
	}
}

struct json *mail_parse(struct arena *a, struct str message)
{
	struct headers *h = arena_alloc(a, sizeof *h);
	struct json *mail = arena_zero(a, sizeof *mail), *last = NULL, *headers;
	struct reader r = {.a = a};

	mail->type = JSON_OBJECT;
	headers_cut(message, h);
	read_part(&r, message, 0);
	add(a, mail, &last, S("from"), JSON_STR, address_of(a, mail_to_utf8(a, header_get(a, h, "from"), S(""))));
	add(a, mail, &last, S("to"), JSON_STR, address_of(a, mail_to_utf8(a, header_get(a, h, "to"), S(""))));
	add(a, mail, &last, S("subject"), JSON_STR, mail_words(a, header_get(a, h, "subject")));
	add(a, mail, &last, S("date"), JSON_STR, date_of(a, mail_to_utf8(a, header_get(a, h, "date"), S(""))));
	add(a, mail, &last, S("message_id"), JSON_STR, str_trim(mail_words(a, header_get(a, h, "message-id"))));
	headers = add(a, mail, &last, S("headers"), JSON_OBJECT, S(""));
	add_headers(a, headers, h);
	if (!r.plain.p && r.html.p)
		r.plain = mail_of_html(a, r.html);
	add(a, mail, &last, S("text"), JSON_STR, r.plain.p ? str_clip(r.plain, MAIL_TEXT_BYTES) : S(""));
	return mail;
}
