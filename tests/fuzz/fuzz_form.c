/* The parsers of net/form.h. The first byte chooses one; what it reads must be within the input's bounds, and what can be
 * written again must read back as the same. */
#include "net/form.h"

#include "fuzz.h"

static void fuzz_urlencoded(struct arena *a, struct str in)
{
	struct err err = {0};
	struct form f, again;
	struct buf text;

	if (!form_parse(a, in, &f, &err)) {
		need(err.code == ERR_INVALID || err.code == ERR_TOO_MANY);
		return;
	}
	buf_init(&text, 4 * in.n + 16);
	for (size_t i = 0; i < f.count; i++) {
		buf_add(&text, percent_encode(a, f.fields[i].name));
		buf_char(&text, '=');
		buf_add(&text, percent_encode(a, f.fields[i].value));
		buf_char(&text, '&');
	}
	if (f.count < 1000) { /* the '&' at the end counts as one more */
		need(form_parse(a, buf_str(&text), &again, &err) && again.count == f.count);
		for (size_t i = 0; i < f.count; i++)
			need(str_eq(f.fields[i].name, again.fields[i].name) &&
			     str_eq(f.fields[i].value, again.fields[i].value));
	}
	buf_done(&text);
}

static void fuzz_multipart(struct arena *a, struct str in)
{
	struct str type, body = str_cut(in, '\n', &type);
	struct err err = {0};
	struct form f;
	size_t n = 0;

	if (!form_parse_multipart(a, type, body, &f, &err)) {
		need(err.code == ERR_INVALID || err.code == ERR_TOO_MANY);
		return;
	}
	need(f.count <= 1000);
	for (size_t i = 0; i < f.count; i++) {
		need(f.fields[i].name.p != NULL);
		n += touch(f.fields[i].name) + touch(f.fields[i].value) + touch(f.fields[i].file_name) +
		     touch(f.fields[i].content_type);
	}
	need(n <= in.n);
}

static void fuzz_small(struct arena *a, struct str in)
{
	struct str out, user, password, again;

	touch(cookie_get(in, "session"));
	content_type_is(in, "application/json");
	if (bearer_parse(in, &out))
		need(touch(out) > 0);
	if (basic_parse(a, in, &user, &password))
		need(touch(user) + touch(password) < in.n);
	if (base64_decode(a, in, &out))
		need(touch(out) <= in.n);
	if (percent_decode(a, in, false, &out))
		need(percent_decode(a, percent_encode(a, out), false, &again) && str_eq(out, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct str in;
	char *copy;

	if (size < 1)
		return 0;
	copy = memcpy(malloc(size), data, size);
	in = str_n(copy + 1, size - 1);
	arena_init(&a);
	if (data[0] % 3 == 0)
		fuzz_urlencoded(&a, in);
	else if (data[0] % 3 == 1)
		fuzz_multipart(&a, in);
	else
		fuzz_small(&a, in);
	arena_done(&a);
	free(copy);
	return 0;
}
