#include "net/mail_out.h"

#include "base/file.h"
#include "net/client.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define AT_ONCE 2 /* of the pool's four threads */
#define CONNECT_DEADLINE (10 * SECOND)
#define ADDRESS_MOST 254 /* RFC 5321 section 4.5.3.1.3 */
#define LINE_MOST 76     /* RFC 2045 section 6.7, RFC 2047 section 2 */
#define WORD_BEGIN "=?utf-8?Q?"

/* ---- what may be set ---- */

static struct str host_of(struct str url)
{
	size_t at = 0;
	struct str host;

	(void)str_find(url, S("://"), &at);
	host = str_n(url.p + at + 3, url.n - at - 3);
	if (host.n && host.p[0] == '[') {
		str_cut(str_n(host.p + 1, host.n - 1), ']', &host);
		return host;
	}
	str_cut(host, ':', &host);
	return host;
}

bool mail_server_ok(struct str url)
{
	size_t skip = str_starts(url, S("smtp://")) ? 7 : str_starts(url, S("smtps://")) ? 8 : 0;

	if (!skip || url.n > 255 || !host_of(url).n)
		return false;
	for (size_t i = skip; i < url.n; i++)
		if (!(url.p[i] >= 'a' && url.p[i] <= 'z') && !(url.p[i] >= 'A' && url.p[i] <= 'Z') && !(url.p[i] >= '0' && url.p[i] <= '9') &&
		    !strchr(".-[]:", url.p[i]))
			return false;
	return true;
}

bool mail_address_ok(struct str address)
{
	struct str user, host = str_cut(address, '@', &user);

	if (!user.n || !host.n || address.n > ADDRESS_MOST || !str_is_utf8(address) || memchr(host.p, '@', host.n))
		return false;
	for (size_t i = 0; i < address.n; i++)
		if ((unsigned char)address.p[i] <= ' ' || strchr("\x7f<>()[],;:\\\"", address.p[i]))
			return false;
	return true;
}

static bool is_this_machine(struct str url)
{
	struct str host = host_of(url);

	return str_eq_nocase(host, S("localhost")) || str_starts(host, S("127.")) || str_is(host, "::1");
}

/* ---- the message ---- */

static void put_hex(struct buf *b, unsigned char c)
{
	buf_printf(b, "=%02X", c);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t sequence(struct str s)
{
	size_t n = 1;

	while (n < s.n && n < 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Encoded words, each of whole characters; what is longer than a line goes on in the next. */
static void put_words(struct buf *b, struct str s, size_t column)
{
	bool open = false;

	while (s.n) {
		size_t n = sequence(s), room = is_alnum(s.p[0]) || s.p[0] == ' ' ? 1 : 3 * n;

		if (open && column + room + 2 > LINE_MOST) {
			buf_add(b, S("?=\r\n "));
			open = false;
			column = 1;
		}
		if (!open)
			buf_add(b, S(WORD_BEGIN));
		column += room + (open ? 0 : sizeof WORD_BEGIN - 1);
		open = true;
		for (size_t i = 0; i < n; i++)
			if (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\r')
				buf_char(b, '_');
			else if (is_alnum(s.p[i]))
				buf_char(b, s.p[i]);
			else
				put_hex(b, (unsigned char)s.p[i]);
		s = str_n(s.p + n, s.n - n);
	}
	if (open)
		buf_add(b, S("?="));
}

/* As it stands if it fits into the line and nothing in it means anything there. */
static void put_text(struct buf *b, struct str s, size_t column, const char *harmless)
{
	bool plain = column + s.n <= LINE_MOST && str_eq(s, str_trim(s)) && !str_find(s, S("=?"), NULL);

	for (size_t i = 0; i < s.n && plain; i++)
		plain = s.p[i] && (is_alnum(s.p[i]) || strchr(harmless, s.p[i]));
	if (plain)
		buf_add(b, s);
	else
		put_words(b, s, column);
}

/* RFC 5322 section 3.3; strftime() would speak the machine's language. */
static void put_date(struct buf *b, wall_ms at)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(at / SECOND);
	struct tm t;

	gmtime_r(&seconds, &t);
	buf_printf(b, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min,
		   t.tm_sec);
}

static void put_line(struct buf *b, struct str line)
{
	size_t column = 0;

	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		bool last = i + 1 == line.n, blank = c == ' ' || c == '\t', plain = (c > ' ' && c < 127 && c != '=') || (blank && !last);

		if (column + (plain ? 1 : 3) + !last > LINE_MOST) {
			buf_add(b, S("=\r\n"));
			column = 0;
		}
		if (plain)
			buf_char(b, (char)c);
		else
			put_hex(b, c);
		column += plain ? 1 : 3;
	}
	buf_add(b, S("\r\n"));
}

static void put_body(struct buf *b, struct str text)
{
	struct str line;

	while (text.n) {
		text = str_cut(text, '\n', &line);
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		put_line(b, line);
	}
}

struct str mail_write(struct arena *a, struct str from, const struct mail_message *m)
{
	struct str domain, ignored;
	struct buf b;

	domain = str_cut(from, '@', &ignored);
	buf_init(&b, 4 * MAIL_OUT_TEXT_MOST + 64 * KIB);
	buf_add(&b, S("From: "));
	put_text(&b, str_clip(m->from_name, MAIL_SUBJECT_MOST), 6, " ");
	buf_printf(&b, "%s<" STR_FMT ">\r\nTo: <" STR_FMT ">\r\nSubject: ", m->from_name.n ? "\r\n " : "", STR_ARG(from), STR_ARG(m->to));
	put_text(&b, str_clip(m->subject, MAIL_SUBJECT_MOST), 9, " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
	buf_add(&b, S("\r\n"));
	put_date(&b, m->date);
	buf_printf(&b,
		   "Message-ID: <" STR_FMT "@" STR_FMT ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
		   "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		   STR_ARG(m->id), STR_ARG(domain));
	put_body(&b, str_clip(m->text, MAIL_OUT_TEXT_MOST));
	return buf_keep(a, &b);
}

/* ---- sending ---- */

struct sending {
	struct arena arena;
	CURL *easy;
	struct str rest;  /* of the message */
	bool begun;       /* the server wants the message */
	bool more;        /* its reply has more lines */
	char reply[sizeof(((struct mail_answer *)0)->words)], why[CURL_ERROR_SIZE];
	const _Atomic bool *stop;
	mono_ms until;
};

/* A line of a reply: "250-SIZE 1000", "250 2.0.0 queued" (RFC 5321 section 4.2.1). 221 is to our QUIT, which says nothing. */
static size_t on_reply(char *bytes, size_t size, size_t n, void *user)
{
	struct str line = str_trim(str_n(bytes, size * n));
	struct sending *s = user;
	size_t have = s->more ? strlen(s->reply) : 0;
	bool more = line.n > 3 && line.p[3] == '-';

	if (str_starts(line, S("221")))
		return size * n;
	if (s->more)
		line = line.n > 4 ? str_n(line.p + 3, line.n - 3) : S("");
	line = str_clip(line, sizeof s->reply - 1 - have);
	memcpy(s->reply + have, line.p, line.n);
	s->reply[have + line.n] = '\0';
	if (line.n && s->more)
		s->reply[have] = ' ';
	s->more = more;
	return size * n;
}

static size_t on_wanted(char *to, size_t size, size_t n, void *user)
{
	struct sending *s = user;
	struct str part = str_n(s->rest.p, s->rest.n < size * n ? s->rest.n : size * n);

	s->begun = true;
	memcpy(to, part.p, part.n);
	s->rest = str_n(part.p + part.n, s->rest.n - part.n);
	return part.n;
}

/* While it waits for the answer to QUIT, libcurl looks at no deadline but here. */
static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct sending *s = user;

	(void)a, (void)b, (void)c, (void)d;
	return (s->stop && *s->stop) || mono_now() > s->until;
}

static bool log_in(struct sending *s, struct str file, struct err *err)
{
	struct str text, user, password;

	if (!file.n)
		return true;
	if (!file_read(&s->arena, file.p, &text, err))
		return false;
	str_cut(str_cut(text, '\n', &user), '\n', &password);
	user = arena_dup(&s->arena, str_trim(user));
	password = arena_dup(&s->arena, str_trim(password));
	curl_easy_setopt(s->easy, CURLOPT_USERNAME, user.p);
	curl_easy_setopt(s->easy, CURLOPT_PASSWORD, password.p);
	explicit_bzero((char *)text.p, text.n);
	explicit_bzero((char *)password.p, password.n);
	if (user.n && password.n)
		return true;
	err_set(err, ERR_INVALID, STR_FMT ": the user name and the password, a line each", STR_ARG(file));
	return false;
}

static void set_up(struct sending *s, const struct mail_server *server)
{
	CURL *e = s->easy;

	curl_easy_setopt(e, CURLOPT_URL, arena_dup(&s->arena, server->url).p);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(e, CURLOPT_USE_SSL, (long)(server->plain || is_this_machine(server->url) ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	if (server->ca.n)
		curl_easy_setopt(e, CURLOPT_CAINFO, server->ca.p);
	curl_easy_setopt(e, CURLOPT_PROXY, ""); /* the environment's are for the web */
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)MAIL_DEADLINE);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_DEADLINE);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->why);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L); /* else QUIT is said from curl_easy_cleanup(), where on_progress() is not asked */
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(e, CURLOPT_XFERINFODATA, s);
}

static CURLcode carry(struct sending *s, const struct mail_server *server, const struct mail_message *m)
{
	struct curl_slist *to = curl_slist_append(NULL, arena_dup(&s->arena, m->to).p);
	CURL *e = s->easy;
	CURLcode code;

	s->rest = mail_write(&s->arena, server->from, m);
	curl_easy_setopt(e, CURLOPT_MAIL_FROM, arena_dup(&s->arena, server->from).p);
	curl_easy_setopt(e, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(e, CURLOPT_READFUNCTION, on_wanted);
	curl_easy_setopt(e, CURLOPT_READDATA, s);
	code = curl_easy_perform(e);
	curl_slist_free_all(to);
	return code;
}

/* 53x is about who we are, and what is said before MAIL FROM about the connection: that gets better without the message. */
static void judge(const struct sending *s, CURLcode code, struct mail_answer *out)
{
	bool about_it = s->begun || code == CURLE_SEND_ERROR; /* so libcurl calls a reply to MAIL, RCPT and DATA that is not good */
	bool refusal = s->reply[0] == '5' && s->reply[1] != '3';

	out->verdict = code == CURLE_OK ? MAIL_DONE : about_it && refusal ? MAIL_REFUSED : MAIL_RETRY;
	if (code == CURLE_OK || s->reply[0] == '4' || s->reply[0] == '5')
		snprintf(out->words, sizeof out->words, "%s", s->reply);
	else
		snprintf(out->words, sizeof out->words, "%s", s->why[0] ? s->why : curl_easy_strerror(code));
}

void mail_send(const struct mail_server *server, const struct mail_message *m, const _Atomic bool *stop, struct mail_answer *answer)
{
	struct sending s = {.stop = stop, .until = mono_now() + MAIL_DEADLINE};
	struct err err = {0};

	*answer = (struct mail_answer){.verdict = MAIL_REFUSED, .words = "this is no address that mail can be sent to"};
	if (!mail_address_ok(m->to))
		return;
	arena_init(&s.arena);
	curl_start();
	s.easy = curl_easy_init();
	set_up(&s, server);
	if (log_in(&s, server->login, &err)) {
		judge(&s, carry(&s, server, m), answer);
	} else {
		answer->verdict = MAIL_RETRY;
		snprintf(answer->words, sizeof answer->words, "%s", err.text);
	}
	curl_easy_cleanup(s.easy);
	arena_done(&s.arena);
}

/* ---- from the loop ---- */

struct turn {
	uv_work_t uv; /* first */
	struct turn *next;
	struct mail_out *out;
	const struct mail_server *server;
	const struct mail_message *message;
	mono_ms since;
	struct mail_answer answer;
	void (*on_answer)(void *context, const struct mail_answer *answer);
	void *context;
};

struct mail_out {
	uv_loop_t *loop;
	struct turn *first, **last;
	unsigned running;
	_Atomic bool stopped;
};

static void turn_end(struct turn *t)
{
	t->on_answer(t->context, &t->answer);
	mem_free(t);
}

static void turn_end_unsent(struct turn *t, const char *why)
{
	t->answer.verdict = MAIL_RETRY;
	snprintf(t->answer.words, sizeof t->answer.words, "%s", why);
	turn_end(t);
}

static void turn_run(uv_work_t *uv)
{
	struct turn *t = (struct turn *)uv;

	mail_send(t->server, t->message, &t->out->stopped, &t->answer);
}

static void start_next(struct mail_out *o);

static void turn_over(uv_work_t *uv, int status)
{
	struct turn *t = (struct turn *)uv;
	struct mail_out *o = t->out;

	(void)status;
	turn_end(t);
	o->running--;
	start_next(o);
	if (o->stopped && !o->running)
		mem_free(o);
}

static struct turn *take_first(struct mail_out *o)
{
	struct turn *t = o->first;

	o->first = t->next;
	if (!o->first)
		o->last = &o->first;
	return t;
}

static void start_next(struct mail_out *o)
{
	while (o->first && o->running < AT_ONCE) {
		struct turn *t = take_first(o);

		if (mono_now() - t->since > MAIL_WAIT_MOST) {
			turn_end_unsent(t, "others are being sent, and the server is slow");
			continue;
		}
		o->running++;
		uv_queue_work(o->loop, &t->uv, turn_run, turn_over);
	}
}

struct mail_out *mail_out_new(uv_loop_t *loop)
{
	struct mail_out *o = mem_new(sizeof *o);

	o->loop = loop;
	o->last = &o->first;
	return o;
}

void mail_out_free(struct mail_out *o)
{
	if (!o)
		return;
	o->stopped = true;
	while (o->first)
		turn_end_unsent(take_first(o), "the program is ending");
	if (!o->running)
		mem_free(o);
}

void mail_out_send(struct mail_out *o, const struct mail_server *s, const struct mail_message *m,
		   void (*on_answer)(void *context, const struct mail_answer *answer), void *context)
{
	struct turn *t = mem_new(sizeof *t);

	t->out = o;
	t->server = s;
	t->message = m;
	t->since = mono_now();
	t->on_answer = on_answer;
	t->context = context;
	*o->last = t;
	o->last = &t->next;
	start_next(o);
}
