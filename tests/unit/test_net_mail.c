#include "net/mail.h"
#include "net/mail_text.h"
#include "unit.h"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static struct str of(const char *message, const char *member)
{
	return json_get_str(mail_parse(&a, str_of(message)), member);
}

static const struct {
	const char *encoded, *text;
} words[] = {
	{"plain", "plain"},
	{"=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"},
	{"=?ISO-8859-1?q?caf=E9?= bar", "café bar"},
	{"=?utf-8?B?w6Q=?=", "ä"},
	{"=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?=", "äö"},     /* no space between two */
	{"=?utf-8?B?ww==?= =?utf-8?B?pA==?=", "ä"},      /* a character cut in two */
	{"=?utf-8?B?w6Q=?= =?iso-8859-1?Q?=F6?=", "äö"}, /* of two charsets */
	{"=?utf-8?B?w6Q=?= x =?utf-8?B?w7Y=?=", "ä x ö"},
	{"=?utf-8*en?Q?a?=", "a"},          /* RFC 2231 */
	{"=?nothing-like-it?Q?=E9?=", "é"}, /* windows-1252 then */
	{"=?UTF-8//TRANSLIT?Q?=E9?=", "é"},
	{"=?utf-8?X?a?=", "=?utf-8?X?a?="},
	{"=?utf-8?Q?a b?=", "=?utf-8?Q?a b?="},
	{"=?utf-8?Q?a", "=?utf-8?Q?a"},
	{"a =? b", "a =? b"},
	{"=?utf-8?Q?=0A=00=1Bx?=", "\nx"},
	{"=?iso-2022-jp?B?GyRCJCIbKEI=?=", "あ"},
	{"caf\xe9", "café"},
	{"=?utf-8?Q?=ff?=", "\xef\xbf\xbd"},
	{"=?utf-8?Q?a=f5=bc=90=91=c3?=", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

START_TEST(encoded_words_are_read)
{
	ck_str(mail_words(&a, str_of(words[_i].encoded)), words[_i].text);
}
END_TEST

static const struct {
	const char *encoding, *body, *text;
} transfers[] = {
	{"7bit", "a=3D", "a=3D"},
	{"quoted-printable", "a=3Db=\r\nc=\nd=zz=", "a=bcd=zz="},
	{"BASE64", "YW\r\nJj ZA==\r\ntrailing", "abcd"},
	{"base64", "YQ", "a"},
	{"base64", "", ""},
};

START_TEST(transfer_encodings_are_undone)
{
	ck_str(mail_transfer_decode(&a, str_of(transfers[_i].body), str_of(transfers[_i].encoding)),
	       transfers[_i].text);
}
END_TEST

static const struct {
	const char *html, *text;
} pages[] = {
	{"<p>a</p><p>b  c\n d</p>", "a\nb c d"},
	{"a<br>b<br/>c", "a\nb\nc"},
	{"<tr><td>x</td><td>y</td></tr><tr><td>z</td></tr>", "x y\nz"},
	{"1 &lt; 2 &amp;&amp; x&nbsp;&#8364;&#x20ac;&auml;&unknown;&", "1 < 2 && x €€ä&unknown;&"},
	{"&#0;&#27;&#xd800;&#1114112;&#99999999999;x", "&#0;&#27;&#xd800;&#1114112;&#99999999999;x"},
	{"<style>p{}</style><script>alert('<p>')</script>x<!-- <p>no</p> -->y", "xy"},
	{"<a href=\"https://x.y/?a=1&amp;b=2\">here</a>!", "here (https://x.y/?a=1&b=2)!"},
	{"<a href=\"https://x.y/\">https://x.y/</a>", "https://x.y/"},
	{"<a href=\"javascript:alert(1)\">here</a>", "here"},
	{"a < b <", "a < b <"},
	{"<p>a<script>never closed", "a"},
	{"a<b", "a"},
};

START_TEST(a_page_becomes_what_one_would_read)
{
	ck_str(mail_of_html(&a, str_of(pages[_i].html)), pages[_i].text);
}
END_TEST

static const struct {
	const char *date, *text;
} dates[] = {
	{"Mon, 2 Mar 2026 02:00:00 +0100", "2026-03-02T02:00:00+01:00"},
	{"2 Mar 26 2:00 EST", "2026-03-02T02:00:00-05:00"},
	{"Mon, 02 Mar 2026 02:00:00 GMT", "2026-03-02T02:00:00Z"},
	{"2 Mar 1999 02:00:00", "1999-03-02T02:00:00Z"},
	{"2 Mar 2026 02:00:00 +0000 (UTC)", "2026-03-02T02:00:00+00:00"},
	{"yesterday", ""},
	{"2 Foo 2026 02:00:00 +0000", ""},
	{"32 Mar 2026 02:00:00 +0000", ""},
	{"2 Mar 2026", ""},
	{"", ""},
};

START_TEST(dates_are_read)
{
	ck_str(of(arena_printf(&a, "Date: %s\n\nx", dates[_i].date).p, "date"), dates[_i].text);
}
END_TEST

static const struct {
	const char *from, *address;
} senders[] = {
	{"a@b", "a@b"},
	{"Ann <Ann@Example.COM>", "ann@example.com"},
	{"\"Ann, <x@y>\" <ann@b>", "ann@b"},
	{"ann@b (Ann (of us))", "ann@b"},
	{"a@b, c@d", "a@b"},
	{"=?utf-8?Q?=3Cevil=40x=3E?= <ann@b>", "ann@b"}, /* a name cannot become the address */
	{"<>", ""},
};

START_TEST(the_sender_is_the_bare_address)
{
	ck_str(of(arena_printf(&a, "From: %s\n\nx", senders[_i].from).p, "from"), senders[_i].address);
}
END_TEST

START_TEST(headers_are_unfolded_and_the_first_counts)
{
	struct json *headers = json_get(mail_parse(&a, S("From x Mon Mar  2\nX-A: one\r\n two\r\n\tthree\nx-a: "
							 "other\nX-Empty:\nX-Below:\n below\nX-B : b\n\nbody: text\n")),
					"headers");

	ck_assert_uint_eq(headers->count, 4);
	ck_str(json_get_str(headers, "x-below"), "below");
	ck_str(json_get_str(headers, "x-a"), "one two\tthree");
	ck_str(json_get_str(headers, "x-empty"), "");
	ck_str(json_get_str(headers, "x-b"), "b");
	ck_str(of("a: b\nno header here\nx", "text"), "no header here\nx");
	ck_str(of("just a text", "text"), "just a text");
	ck_str(of("", "text"), "");
}
END_TEST

START_TEST(the_first_text_is_taken_however_it_is_wrapped)
{
	ck_str(of("Content-Type: multipart/mixed; boundary=\"a \\\"b\"\n\npreamble\n--a \"b\nContent-Type: "
		  "text/html\n\n<b>x</b>\n--a \"b\n\nplain\n--a \"b--\nepilogue",
		  "text"),
	       "plain");
	ck_str(of("Content-Type: multipart/alternative; charset=x; boundary=b\n\n--b\nContent-Type: "
		  "text/html\n\n<b>x</b>\n--b\nContent-Type: image/png\n\nPNG\n--b--\n",
		  "text"),
	       "x");
	ck_str(of("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment\n\nno\n--bb\nno "
		  "boundary\n--b\n\ncut off",
		  "text"),
	       "cut off");
	ck_str(of("Content-Type: multipart/mixed\n\nno boundary", "text"), "");
	ck_str(of("Content-Type: application/pdf\n\n%PDF", "text"), "");
	ck_str(of("Content-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: quoted-printable\n\n=A4",
		  "text"),
	       "€");
}
END_TEST

START_TEST(depth_parts_and_sizes_have_their_limits)
{
	struct buf b;
	struct json *mail;

	buf_init(&b, 16 * MIB);
	for (int i = 0; i < 50; i++)
		buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	buf_add(&b, S("\ndeep"));
	ck_str(json_get_str(mail_parse(&a, buf_str(&b)), "text"), "");
	buf_reset(&b);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "X-%d: %0500d\n", i, i);
	buf_add(&b, S("\n"));
	for (int i = 0; i < 200000; i++)
		buf_add(&b, S("text "));
	mail = mail_parse(&a, buf_str(&b));
	ck_assert(json_get(mail, "headers")->count > 100 && json_get(mail, "headers")->count <= MAIL_HEADERS);
	ck_assert(json_get_str(mail, "text").n == MAIL_TEXT_BYTES);
	buf_done(&b);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"texts", encoded_words_are_read, COUNT_OF(words)},
		{"texts", transfer_encodings_are_undone, COUNT_OF(transfers)},
		{"texts", a_page_becomes_what_one_would_read, COUNT_OF(pages)},
		{"headers", dates_are_read, COUNT_OF(dates)},
		{"headers", the_sender_is_the_bare_address, COUNT_OF(senders)},
		{"headers", headers_are_unfolded_and_the_first_counts},
		{"parts", the_first_text_is_taken_however_it_is_wrapped},
		{"parts", depth_parts_and_sizes_have_their_limits},
	};

	return unit_run_in("net/mail", tests, COUNT_OF(tests), open_arena, close_arena);
}
