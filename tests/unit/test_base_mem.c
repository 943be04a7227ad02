#include "unit.h"

START_TEST(arena_pieces_are_apart_and_aligned)
{
	struct arena a;
	unsigned char *pieces[300];

	arena_init(&a);
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		pieces[i] = arena_alloc(&a, i);
		ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
		memset(pieces[i], (int)(i & 255), i);
	}
	for (size_t i = 0; i < COUNT_OF(pieces); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_eq(pieces[i][j], i & 255);
	ck_assert_uint_gt(a.total_bytes, 300 * 299 / 2);
	arena_done(&a);
	ck_assert_uint_eq(a.total_bytes, 0);
}
END_TEST

START_TEST(arena_is_used_again_after_reset)
{
	struct arena a;
	size_t first;

	arena_init(&a);
	arena_reset(&a);
	arena_alloc(&a, 10);
	first = a.total_bytes;
	for (int round = 0; round < 3; round++) {
		memset(arena_alloc(&a, 1 * MIB), 'x', 1 * MIB); /* larger than a block */
		arena_reset(&a);
		ck_assert_uint_eq(a.total_bytes, first);
	}
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(((char *)arena_zero(&a, 64))[63], 0);
	arena_done(&a);
	arena_done(&a);
	memset(arena_alloc(&a, 16), 1, 16); /* done is as good as init */
	arena_done(&a);
}
END_TEST

START_TEST(arena_texts)
{
	struct arena a;
	struct str s;

	arena_init(&a);
	s = arena_dup(&a, S("a\0b"));
	ck_assert_uint_eq(s.n, 3);
	ck_assert(memcmp(s.p, "a\0b", 4) == 0);
	ck_str(arena_dup(&a, str_n(NULL, 0)), "");
	ck_assert_int_eq(*arena_dup(&a, str_n(NULL, 0)).p, 0);
	s = arena_printf(&a, "%050000d", 7);
	ck_assert_uint_eq(s.n, 50000);
	ck_assert_int_eq(s.p[49999], '7');
	ck_assert_int_eq(s.p[50000], 0);
	ck_str(arena_printf(&a, "%s", ""), "");
	ck_str(arena_lower(&a, S("HiGH-\xc3\x84@[")), "high-\xc3\x84@["); /* ASCII alone */
	arena_done(&a);
}
END_TEST

START_TEST(buf_grows_to_its_ceiling)
{
	struct buf b;

	buf_init(&b, 1000);
	ck_str(buf_str(&b), "");
	for (int i = 0; i < 100; i++)
		ck_assert(buf_add(&b, S("0123456789")));
	ck_assert_uint_eq(b.n, 1000);
	ck_assert(!b.failed);
	ck_assert_int_eq(b.p[1000], 0);
	ck_assert(buf_add(&b, S("")));
	ck_assert(!buf_char(&b, 'x'));
	ck_assert(b.failed);
	ck_assert_uint_eq(b.n, 1000);
	ck_assert_msg(!buf_add(&b, S("")), "once failed, always failed: the text is not whole");
	buf_reset(&b);
	ck_str(buf_str(&b), "");
	ck_assert(buf_add(&b, S("again")));
	ck_assert_str_eq(b.p, "again");
	buf_done(&b);
	ck_str(buf_str(&b), "");
	ck_assert(buf_add(&b, S("and again")));
	buf_done(&b);
}
END_TEST

START_TEST(buf_takes_nothing_in_part)
{
	struct buf b;

	buf_init(&b, 8);
	ck_assert(buf_add(&b, S("12345")));
	ck_assert(!buf_add(&b, S("6789")));
	ck_str(buf_str(&b), "12345");
	buf_reset(&b);
	ck_assert(!buf_printf(&b, "%d", 123456789));
	ck_str(buf_str(&b), "");
	buf_reset(&b);
	ck_assert(buf_printf(&b, "%s", "12345678"));
	ck_assert_str_eq(b.p, "12345678");
	ck_assert(!buf_room(&b, 1));
	buf_done(&b);

	buf_init(&b, 0);
	ck_assert(buf_add(&b, S("")));
	ck_assert(!buf_add(&b, S("x")));
	buf_done(&b);
}
END_TEST

START_TEST(buf_room_is_room)
{
	struct buf b;
	char *p;

	buf_init(&b, SIZE_MAX);
	p = buf_room(&b, 300);
	memset(p, 'x', 300);
	b.n += 300;
	ck_assert(buf_printf(&b, "%s", "end"));
	ck_assert_uint_eq(b.n, 303);
	ck_assert_int_eq(b.p[299], 'x');
	ck_assert_str_eq(b.p + 300, "end");
	buf_done(&b);
}
END_TEST

START_TEST(plain_memory)
{
	char *p = mem_new(100), *z = mem_dup(S("text"));

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(p[i], 0);
	p = mem_grow(p, 1000);
	memset(p, 1, 1000);
	mem_free(p);
	ck_assert_str_eq(z, "text");
	mem_free(z);
	z = mem_dup(str_n(NULL, 0));
	ck_assert_str_eq(z, "");
	mem_free(z);
	mem_free(NULL);
	mem_free(mem_new(0));
}
END_TEST

START_TEST(errors_keep_the_first_reason)
{
	struct err err = {0};

	err_set(NULL, ERR_INTERNAL, "nobody asks");
	err_set(&err, ERR_NOT_FOUND, "there is no alert %s", "k7f3");
	err_set(&err, ERR_INTERNAL, "a second reason");
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	err_prefix(&err, "line %d: ", 3);
	ck_assert_str_eq(err.text, "line 3: there is no alert k7f3");
	for (int i = 0; i < 100; i++)
		err_prefix(&err, "and before it: ");
	ck_assert_uint_lt(strlen(err.text), sizeof err.text);
	ck_assert(str_starts(str_of(err.text), S("and before it: and")));
	err_clear(&err);
	ck_assert_int_eq(err.code, ERR_NONE);
	ck_assert_str_eq(err.text, "");
}
END_TEST

START_TEST(errors_have_a_row_each)
{
	for (int code = 0; code < ERR_CODES; code++) {
		const struct err_info *info = err_info((enum err_code)code);

		ck_assert_msg(info->name && info->title && info->http_status, "code %d", code);
		ck_assert_int_eq(info->exit_code == 0, code == ERR_NONE);
		ck_assert_int_eq(err_of_http_status(info->http_status), code);
	}
	ck_assert_int_eq(err_of_http_status(204), ERR_NONE);
	ck_assert_int_eq(err_of_http_status(422), ERR_INVALID);
	ck_assert_int_eq(err_of_http_status(502), ERR_UNAVAILABLE);
	ck_assert_ptr_eq(err_info((enum err_code)99), err_info(ERR_INTERNAL));
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"arena", arena_pieces_are_apart_and_aligned},
		{"arena", arena_is_used_again_after_reset},
		{"arena", arena_texts},
		{"buf", buf_grows_to_its_ceiling},
		{"buf", buf_takes_nothing_in_part},
		{"buf", buf_room_is_room},
		{"mem", plain_memory},
		{"err", errors_keep_the_first_reason},
		{"err", errors_have_a_row_each},
	};

	return unit_run("base/mem and base/err", tests, COUNT_OF(tests));
}
