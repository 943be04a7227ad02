/* A mail as a tree (net/mail.h): it always comes out, every text of it is clean UTF-8, sizes are kept, and it can be written as JSON
 * and read again. */
#include "net/mail.h"

#include "fuzz.h"

static void check_text(struct str s)
{
	touch(s);
	need(str_is_utf8(s));
	for (size_t i = 0; i < s.n; i++)
		need((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t');
}

static void check_tree(const struct json *mail)
{
	size_t names = 0, bytes = 0;

	need(json_is(mail, JSON_OBJECT) && mail->count == 7);
	for (const struct json *m = mail->child; m; m = m->next)
		if (m->type == JSON_STR)
			check_text(m->text);
	need(json_get_str(mail, "text").n <= MAIL_TEXT_BYTES);
	for (const struct json *h = json_get(mail, "headers")->child; h; h = h->next) {
		check_text(h->text);
		check_text(h->key);
		need(h->key.n && h->key.n <= 80);
		bytes += h->key.n + h->text.n;
		names++;
	}
	need(names <= MAIL_HEADERS && bytes <= MAIL_HEADERS_BYTES && names == json_get(mail, "headers")->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0};
	struct json_out o;
	struct json *mail;
	struct arena a;
	struct buf b;

	arena_init(&a);
	mail = mail_parse(&a, in);
	check_tree(mail);
	buf_init(&b, SIZE_MAX / 4);
	o = json_out(&b);
	json_put(&o, mail);
	need(json_parse(&a, buf_str(&b), JSON_STRICT, &err));
	buf_done(&b);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
