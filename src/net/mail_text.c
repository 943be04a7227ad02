#include "net/mail_text.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>

/* ---- transfer encodings ---- */

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base64_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Line ends and whatever else is no digit are passed over, as section 6.8 wants it. */
static struct str base64_of_mail(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n / 4 * 3 + 4);
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < s.n && s.p[i] != '='; i++) {
		int digit = base64_of(s.p[i]);

		if (digit < 0)
			continue;
		held = held << 6 | (unsigned)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[n++] = (char)(held >> bits);
			held &= (1u << bits) - 1;
		}
	}
	return str_n(to, n);
}

/* The length of a line end at p: 0, 1 or 2. */
static size_t line_end(const char *p, const char *end)
{
	if (p < end && *p == '\n')
		return 1;
	return p + 1 < end && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* underscore_is_space: in encoded words (RFC 2047 section 4.2). A "=" that begins no escape stands for itself. */
static struct str quoted_printable(struct arena *a, struct str s, bool underscore_is_space)
{
	char *to = arena_alloc(a, s.n + 1);
	const char *end = s.p + s.n;
	size_t n = 0, soft;

	for (const char *p = s.p; p < end; p++) {
		if (*p == '=' && (soft = line_end(p + 1, end)))
			p += soft;
		else if (*p == '=' && p + 2 < end && hex_of(p[1]) >= 0 && hex_of(p[2]) >= 0) {
			to[n++] = (char)(hex_of(p[1]) << 4 | hex_of(p[2]));
			p += 2;
		} else {
			to[n++] = *p == '_' && underscore_is_space ? ' ' : *p;
		}
	}
	return str_n(to, n);
}

struct str mail_transfer_decode(struct arena *a, struct str body, struct str encoding)
{
	if (str_eq_nocase(encoding, S("base64")))
		return base64_of_mail(a, body);
	return str_eq_nocase(encoding, S("quoted-printable")) ? quoted_printable(a, body, false) : body;
}

/* ---- charsets ---- */

/* The families that mail is written in. A name from outside never reaches iconv_open() otherwise: it loads modules by it, and knows
 * suffixes ("//TRANSLIT") and obscure converters. */
static bool charset_is_known(struct str name)
{
	static const char *const families[] = {"iso-8859-", "windows-125", "cp125",       "koi8-",  "utf-8",
					       "utf-16",    "utf-32",      "iso-2022-jp", "euc-jp", "euc-kr",
					       "euc-cn",    "shift_jis",   "gb2312",      "gbk",    "gb18030",
					       "big5",      "tis-620",     "ibm850",      "ibm437", "macintosh"};
	struct str family;

	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && name.p[i] != '-' && name.p[i] != '_')
			return false;
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		family = str_of(families[i]);
		if (name.n >= family.n && name.n < family.n + 8 && str_eq_nocase(str_n(name.p, family.n), family))
			return true;
	}
	return false;
}

static bool convert(struct arena *a, struct str bytes, const char *charset, struct str *out)
{
	iconv_t how = iconv_open("UTF-8", charset);
	size_t room = bytes.n * 4 + 16, left = bytes.n;
	char *from = (char *)bytes.p, *to, *begin;

	if (how == (iconv_t)-1)
		return false;
	begin = to = arena_alloc(a, room);
	while (left && iconv(how, &from, &left, &to, &room) == (size_t)-1 && (errno == EILSEQ || errno == EINVAL) &&
	       room > 3) {
		memcpy(to, "\xef\xbf\xbd", 3);
		to += 3;
		room -= 3;
		from++;
		left--;
	}
	iconv_close(how);
	*out = str_n(begin, (size_t)(to - begin));
	return true;
}

/* iconv lets pass what is beyond Unicode (f5 bc 90 91). */
static struct str utf8_mend(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n * 3 + 1);
	size_t n = 0, k;

	for (size_t i = 0; i < s.n; i += k) {
		for (k = 1; k < 4 && i + k < s.n && !str_is_utf8(str_n(s.p + i, k)); k++)
			;
		if (!str_is_utf8(str_n(s.p + i, k))) {
			memcpy(to + n, "\xef\xbf\xbd", 3);
			n += 3;
			k = 1;
		} else {
			memcpy(to + n, s.p + i, k);
			n += k;
		}
	}
	return str_n(to, n);
}

/* What may stand in a text: no control characters, LF between lines. */
static struct str text_clean(struct arena *a, struct str s)
{
	char *to;
	size_t n = 0, i = 0;

	while (i < s.n && ((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t') && s.p[i] != 0x7f)
		i++;
	if (i == s.n)
		return s;
	to = arena_alloc(a, s.n);
	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		if (c == '\r')
			c = '\n';
		if ((unsigned char)c >= ' ' ? c != 0x7f : c == '\n' || c == '\t')
			to[n++] = c;
	}
	return str_n(to, n);
}

struct str mail_to_utf8(struct arena *a, struct str bytes, struct str charset)
{
	bool is_utf8 = str_eq_nocase(charset, S("utf-8")), known = charset_is_known(charset);
	struct str text = bytes;

	/* a name that iconv does not know after all leaves the bytes as they are */
	if (!is_utf8 && (known || !str_is_utf8(bytes)) &&
	    !convert(a, bytes, known ? arena_dup(a, charset).p : "WINDOWS-1252", &text))
		text = bytes;
	text = text_clean(a, text);
	return str_is_utf8(text) ? text : utf8_mend(a, text);
}

/* ---- encoded words ---- */

struct word {
	struct str charset, bytes;
};

/* =?charset*language?Q?text?= at the front of s; *used: its length. */
static bool word_parse(struct arena *a, struct str s, struct word *w, size_t *used)
{
	struct str rest, charset, how, text;
	size_t end;

	if (!str_starts(s, S("=?")))
		return false;
	rest = str_cut(str_n(s.p + 2, s.n - 2), '?', &charset);
	rest = str_cut(rest, '?', &how);
	if (!charset.n || charset.n > 40 || how.n != 1 || !str_find(rest, S("?="), &end))
		return false;
	text = str_n(rest.p, end);
	if (memchr(text.p, ' ', text.n) || memchr(text.p, '\n', text.n))
		return false;
	str_cut(charset, '*', &w->charset);
	if (how.p[0] == 'B' || how.p[0] == 'b')
		w->bytes = base64_of_mail(a, text);
	else if (how.p[0] == 'Q' || how.p[0] == 'q')
		w->bytes = quoted_printable(a, text, true);
	else
		return false;
	*used = (size_t)(text.p + text.n + 2 - s.p);
	return true;
}

static size_t spaces(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n;
}

/* Words that follow each other are one text: the space between them is dropped, and a character may be cut by it (which the
 * standard forbids, and mailers do). */
static struct str words_at(struct arena *a, struct str s, struct word *w, size_t *used)
{
	struct word next;
	struct buf bytes;
	size_t more;

	buf_init(&bytes, SIZE_MAX / 4);
	buf_add(&bytes, w->bytes);
	for (;;) {
		struct str rest = str_n(s.p + *used, s.n - *used);
		size_t gap = spaces(rest);

		rest = str_n(rest.p + gap, rest.n - gap);
		if (!word_parse(a, rest, &next, &more) || !str_eq_nocase(next.charset, w->charset))
			break;
		buf_add(&bytes, next.bytes);
		*used += gap + more;
	}
	return mail_to_utf8(a, buf_keep(a, &bytes), w->charset);
}

struct str mail_words(struct arena *a, struct str value)
{
	struct str s = mail_to_utf8(a, value, S("")), plain = s;
	bool after_word = false;
	struct word w;
	struct buf b;
	size_t used, at;

	if (!str_find(s, S("=?"), &at))
		return s;
	buf_init(&b, SIZE_MAX / 4);
	while (s.n) {
		if (word_parse(a, s, &w, &used)) {
			/* only space since the last word, which was of another charset */
			if (after_word && spaces(plain) == (size_t)(s.p - plain.p))
				plain = s;
			buf_add(&b, str_n(plain.p, (size_t)(s.p - plain.p)));
			buf_add(&b, words_at(a, s, &w, &used));
			after_word = true;
			s = plain = str_n(s.p + used, s.n - used);
		} else {
			s = str_n(s.p + 1, s.n - 1);
		}
	}
	buf_add(&b, str_n(plain.p, (size_t)(s.p - plain.p)));
	return buf_keep(a, &b);
}

/* ---- HTML ---- */

struct html {
	struct buf out;
	struct str rest;
	struct str link; /* of the <a> that is open */
	bool gap, fresh; /* a space is owed; at the beginning of a line */
};

static void put_char(struct html *h, struct str c)
{
	if (h->gap && !h->fresh)
		buf_char(&h->out, ' ');
	buf_add(&h->out, c);
	h->gap = h->fresh = false;
}

static void put_line(struct html *h)
{
	if (!h->fresh)
		buf_char(&h->out, '\n');
	h->fresh = true;
	h->gap = false;
}

static struct str utf8_of(char to[4], uint32_t c)
{
	if (c < 0x80)
		return to[0] = (char)c, str_n(to, 1);
	if (c < 0x800)
		return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 63)), str_n(to, 2);
	to[0] = (char)(0xe0 | c >> 12), to[1] = (char)(0x80 | (c >> 6 & 63)), to[2] = (char)(0x80 | (c & 63));
	if (c < 0x10000)
		return str_n(to, 3);
	to[0] = (char)(0xf0 | c >> 18), to[1] = (char)(0x80 | (c >> 12 & 63)), to[2] = (char)(0x80 | (c >> 6 & 63)),
	to[3] = (char)(0x80 | (c & 63));
	return str_n(to, 4);
}

/* The digits of &#233; or &#xe9;. 0: none, or no character that may stand in a text. */
static uint32_t number_of(struct str s)
{
	bool hex = s.n && (s.p[0] == 'x' || s.p[0] == 'X');
	uint32_t v = 0;

	for (size_t i = hex; i < s.n; i++) {
		int digit = hex_of(s.p[i]);

		if (digit < 0 || (!hex && digit > 9) || v > 0x10ffff)
			return 0;
		v = v * (hex ? 16 : 10) + (uint32_t)digit;
	}
	return v < ' ' || v == 0x7f || (v >= 0xd800 && v < 0xe000) || v > 0x10ffff ? 0 : v;
}

/* An entity at the front of the rest, without its "&". false: none that is known; the "&" stands for itself. */
static bool take_entity(struct html *h, struct str s)
{
	static const struct {
		const char *name, *text;
	} names[] = {{"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""}, {"apos", "'"},  {"nbsp", " "},
		     {"copy", "©"},   {"reg", "®"},    {"deg", "°"},    {"euro", "€"},  {"ndash", "–"}, {"mdash", "—"},
		     {"hellip", "…"}, {"laquo", "«"},  {"raquo", "»"},  {"lsquo", "‘"}, {"rsquo", "’"}, {"ldquo", "“"},
		     {"rdquo", "”"},  {"bull", "•"},   {"middot", "·"}, {"rarr", "→"},  {"larr", "←"},  {"auml", "ä"},
		     {"ouml", "ö"},   {"uuml", "ü"},   {"Auml", "Ä"},   {"Ouml", "Ö"},  {"Uuml", "Ü"},  {"szlig", "ß"},
		     {"eacute", "é"}, {"egrave", "è"}, {"agrave", "à"}, {"ccedil", "ç"}};
	struct str text = {NULL, 0}, name;
	char c[4];
	uint32_t number;
	size_t end = 0;

	while (end < s.n && end < 12 && (isalnum((unsigned char)s.p[end]) || s.p[end] == '#'))
		end++;
	if (end == s.n || s.p[end] != ';')
		return false;
	name = str_n(s.p, end);
	if (str_starts(name, S("#")) && (number = number_of(str_n(name.p + 1, name.n - 1))))
		text = utf8_of(c, number);
	for (size_t i = 0; !text.p && i < COUNT_OF(names); i++)
		if (str_is(name, names[i].name))
			text = str_of(names[i].text);
	if (!text.p)
		return false;
	if (str_is(text, " "))
		h->gap = true;
	else
		put_char(h, text);
	h->rest = str_n(s.p + end + 1, s.n - end - 1);
	return true;
}

static bool name_in(struct str name, const char *const *list)
{
	for (; *list; list++)
		if (str_eq_nocase(name, str_of(*list)))
			return true;
	return false;
}

/* href="..." of a tag; only what a browser would open. */
static struct str href_of(struct str tag)
{
	size_t at;
	struct str value, head;
	char quote;

	if (!str_find(tag, S("href="), &at) || at + 6 >= tag.n)
		return S("");
	value = str_n(tag.p + at + 5, tag.n - at - 5);
	quote = value.p[0];
	if (quote != '"' && quote != '\'')
		return S("");
	str_cut(str_n(value.p + 1, value.n - 1), quote, &head);
	return (str_starts(head, S("http://")) || str_starts(head, S("https://"))) && head.n < 500 ? head : S("");
}

/* The rest from the end tag of that name on: what script and style have in them is nobody's text. */
static struct str after_end_of(struct str rest, struct str name)
{
	for (size_t i = 0; i + 2 + name.n <= rest.n; i++)
		if (rest.p[i] == '<' && rest.p[i + 1] == '/' && str_eq_nocase(str_n(rest.p + i + 2, name.n), name))
			return str_n(rest.p + i, rest.n - i);
	return S("");
}

static void take_char(struct html *h)
{
	char c = h->rest.p[0];
	struct str s = h->rest = str_n(h->rest.p + 1, h->rest.n - 1);

	if (c == ' ' || c == '\t' || c == '\n')
		h->gap = true;
	else if (c != '&' || !take_entity(h, s))
		put_char(h, str_n(s.p - 1, 1));
}

/* The address goes through the entities as any text: "&amp;" stands in it. */
static void put_text(struct html *h, struct str s)
{
	struct str rest = h->rest;

	h->rest = s;
	while (h->rest.n)
		take_char(h);
	h->rest = rest;
}

static void end_link(struct html *h)
{
	struct str link = h->link;

	h->link = S("");
	if (!link.n || str_ends(buf_str(&h->out), link))
		return;
	put_text(h, S(" ("));
	put_text(h, link);
	put_text(h, S(")"));
}

/* tag: what stands between < and >. */
static void take_tag(struct html *h, struct str tag)
{
	static const char *const breaks[] = {"br", "p",  "div", "tr", "li", "ul", "ol",  "table",      "h1",
					     "h2", "h3", "h4",  "h5", "h6", "hr", "pre", "blockquote", NULL};
	static const char *const silent[] = {"script", "style", "head", "title", NULL};
	static const char *const cells[] = {"td", "th", NULL};
	bool closes = str_starts(tag, S("/"));
	struct str name = closes ? str_n(tag.p + 1, tag.n - 1) : tag;
	size_t n = 0;

	while (n < name.n && isalnum((unsigned char)name.p[n]))
		n++;
	name.n = n;
	if (name_in(name, breaks))
		put_line(h);
	else if (name_in(name, cells))
		h->gap = true;
	else if (str_eq_nocase(name, S("a"))) {
		end_link(h);
		h->link = closes ? S("") : href_of(tag);
	} else if (!closes && name_in(name, silent))
		h->rest = after_end_of(h->rest, name);
}

struct str mail_of_html(struct arena *a, struct str html)
{
	struct html h = {.rest = html, .link = S(""), .fresh = true};
	size_t end;

	buf_init(&h.out, html.n * 2 + KIB); /* the addresses of links stand there too */
	while (h.rest.n) {
		struct str s = str_n(h.rest.p + 1, h.rest.n - 1);
		bool comment = str_starts(h.rest, S("<!--"));

		if (h.rest.p[0] != '<' || !s.n || (!isalpha((unsigned char)s.p[0]) && s.p[0] != '/' && s.p[0] != '!')) {
			take_char(&h);
			continue;
		}
		if (!str_find(s, comment ? S("-->") : S(">"),
			      &end)) /* a tag without an end: nothing behind it is text */
			break;
		h.rest = str_n(s.p + end, s.n - end);
		h.rest = str_n(h.rest.p + (comment ? 3 : 1), h.rest.n - (comment ? 3 : 1));
		if (!comment)
			take_tag(&h, str_n(s.p, end));
	}
	return str_trim(buf_keep(a, &h.out));
}
