/* A provisioning file: it is carried out as a whole, and doing it twice changes nothing; or it is refused with file and line.
 * Every input is undone. (Passwords are left out: Argon2id is meant to be slow.) */
#include "../unit/engine_fixture.h"
#include "base/yaml.h"
#include "fuzz.h"

static struct room room;

static void close_room(void)
{
	room_close(&room);
}

static bool provision(struct work *w, void *context)
{
	const struct json *tree = context;
	struct json_out first, second;
	struct buf a, b;
	struct err err = {0};
	bool ok;

	buf_init(&a, 4 * MIB);
	buf_init(&b, 4 * MIB);
	first = json_out(&a);
	second = json_out(&b);
	ok = provision_run(w, tree, "fuzz.yaml", &first, &w->err);
	if (ok) {
		need(json_parse(w->arena, buf_str(&a), JSON_LAST_KEY_WINS, &err) != NULL);
		need(provision_run(w, tree, "fuzz.yaml", &second, &w->err));
		need(json_parse(w->arena, buf_str(&b), JSON_LAST_KEY_WINS, &err) != NULL);
		if (!json_is(json_get(tree, "tokens"), JSON_ARRAY) && !json_is(json_get(tree, "apps"), JSON_ARRAY)) /* a token is shown once */
			need(str_eq(buf_str(&a), buf_str(&b)));
	} else {
		need(w->err.code && str_starts(str_of(w->err.text), S("fuzz.yaml: line ")));
	}
	buf_done(&a);
	buf_done(&b);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0}, undone = {0};
	struct arena a;
	struct json *tree;

	if (!room.e) {
		room_open(&room);
		atexit(close_room);
	}
	arena_init(&a);
	tree = yaml_parse(&a, in, "fuzz.yaml", &err);
	if (tree && !str_find(in, S("password"), NULL))
		(void)room_try(&room, provision, tree, &undone);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
