/* base/mask.h: whatever the text is, no known secret is left in it, masking twice is masking once, JSON stays JSON, and UTF-8 UTF-8. */
#include "base/crypt.h"
#include "base/mask.h"
#include "fuzz.h"

static const char *const secrets[] = {"opensesame", "sesame-street", "aaaaaaaaab", "aaaaaaaab", "12345678"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size), out, json;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		need(mask_add(str_of(secrets[i])));
	out = mask_text(&a, in);
	need(out.n <= in.n * 3 + 16);
	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		need(!str_find(out, str_of(secrets[i]), NULL));
	need(!str_is_utf8(in) || str_is_utf8(out));
	json = mask_json(&a, in);
	if (json_parse(&a, in, JSON_STRICT, &err) && (str_starts(in, S("{")) || str_starts(in, S("["))))
		need(json_parse(&a, json, JSON_STRICT, &err));
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
