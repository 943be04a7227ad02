#include "net/form.h"
#include "unit.h"

static struct arena a;

static void setup_arena(void)
{
	arena_init(&a);
}

START_TEST(urlencoded_fields)
{
	struct err err = {0};
	struct form f;

	setup_arena();
	ck_assert(form_parse(&a, S("a=1&b=x%20y+z&a=2&empty=&flag&%C3%A4=%c3%B6&&c=1=2"), &f, &err));
	ck_assert_uint_eq(f.count, 7);
	ck_str(form_get(&f, "a"), "1");
	ck_str(form_get(&f, "b"), "x y z");
	ck_str(form_get(&f, "empty"), "");
	ck_str(form_get(&f, "flag"), "");
	ck_str(form_get(&f, "\xc3\xa4"), "\xc3\xb6");
	ck_str(form_get(&f, "c"), "1=2");
	ck_str(form_get(&f, "absent"), "");
	ck_assert_ptr_null(form_find(&f, "absent"));
	ck_assert_ptr_nonnull(form_find(&f, "flag"));
	ck_assert(form_parse(&a, S(""), &f, &err));
	ck_assert_uint_eq(f.count, 0);
	arena_done(&a);
}
END_TEST

START_TEST(urlencoded_refusals)
{
	static const struct str bad[] = {{"a=%", 3},   {"a=%2", 4}, {"a=%zz", 5},
					 {"a=%00", 5}, {"%0=1", 4}, {"a=x\0y", 5}};
	struct buf many;
	struct form f;

	setup_arena();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err err = {0};

		ck_assert(!form_parse(&a, bad[i], &f, &err));
		ck_assert_int_eq(err.code, ERR_INVALID);
	}
	buf_init(&many, MIB);
	for (int i = 0; i < 1000; i++)
		buf_add(&many, S("a=1&"));
	for (int i = 0; i < 2; i++) {
		struct err err = {0};

		many.n -= i == 0; /* 1,000 fields are taken, the next one is not */
		ck_assert(form_parse(&a, buf_str(&many), &f, &err) == (i == 0));
		ck_assert_int_eq(err.code, i == 0 ? ERR_NONE : ERR_TOO_MANY);
		buf_add(&many, S("&b=2"));
	}
	buf_done(&many);
	arena_done(&a);
}
END_TEST

START_TEST(multipart_fields_and_files)
{
	static const char body[] =
		"a preamble\r\n--XyZ\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nline 1\r\nline 2\r\n"
		"--XyZ  \r\ncontent-disposition: form-data; name=\"up\"; filename=\"a \\\"b\\\" c\\d.txt\"\r\n"
		"Content-Type: text/plain\r\n\r\nno --XyZ inside\r\n--XyZ\r\nContent-Disposition: form-data; "
		"name=none\r\n"
		"\r\n\r\n--XyZ--\r\nan epilogue";
	struct err err = {0};
	struct form f;

	setup_arena();
	ck_assert_msg(form_parse_multipart(&a, S("multipart/form-data; boundary=\"XyZ\""), str_n(body, sizeof body - 1),
					   &f, &err),
		      "%s", err.text);
	ck_assert_uint_eq(f.count, 3);
	ck_str(form_get(&f, "text"), "line 1\r\nline 2");
	ck_assert_ptr_null(form_find(&f, "text")->file_name.p);
	ck_str(form_get(&f, "up"), "no --XyZ inside");
	ck_str(form_find(&f, "up")->file_name, "a \"b\" c\\d.txt");
	ck_str(form_find(&f, "up")->content_type, "text/plain");
	ck_str(form_get(&f, "none"), "");
	arena_done(&a);
}
END_TEST

START_TEST(multipart_refusals)
{
	static const struct {
		const char *type, *body;
	} bad[] = {
		{"multipart/form-data", "--x--"},
		{"multipart/form-data; boundary=", "----"},
		{"multipart/form-data; boundary=x; boundary=y", "--x--"},
		{"multipart/mixed; boundary=x", "--x--"},
		{"multipart/form-data; boundary=\"x", "--x--"},
		{"multipart/form-data; "
		 "boundary=0123456789012345678901234567890123456789012345678901234567890123456789x",
		 "--"},
		{"multipart/form-data; boundary=x", ""},
		{"multipart/form-data; boundary=x", "--y--"},
		{"multipart/form-data; boundary=x", "--x\r\n"},
		{"multipart/form-data; boundary=x", "--xyz"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\nno end"},
		{"multipart/form-data; boundary=x", "--x\r\n\r\nno disposition\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\r\nno colon\r\n\r\n\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--x--"},
		{"multipart/form-data; boundary=x", "--x\nContent-Disposition: form-data; name=a\n\n1\n--x--"},
	};

	setup_arena();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct err err = {0};
		struct form f;

		ck_assert_msg(!form_parse_multipart(&a, str_of(bad[i].type), str_of(bad[i].body), &f, &err),
			      "row %zu is taken", i);
		ck_assert_int_eq(err.code, ERR_INVALID);
	}
	arena_done(&a);
}
END_TEST

START_TEST(escapes)
{
	struct str out;

	setup_arena();
	ck_assert(percent_decode(&a, S("/a%2Fb+c%7e"), false, &out));
	ck_str(out, "/a/b+c~");
	ck_assert(percent_decode(&a, S(""), false, &out));
	ck_str(out, "");
	ck_assert(!percent_decode(&a, S("%"), false, &out));
	ck_assert(!percent_decode(&a, S("%4"), false, &out));
	ck_assert(!percent_decode(&a, S("%+1"), false, &out));
	ck_assert(!percent_decode(&a, S("%00"), false, &out));
	ck_str(percent_encode(&a, S("a b/\xc3\xa4~-_.%")), "a%20b%2F%C3%A4~-_.%25");
	arena_done(&a);
}
END_TEST

START_TEST(cookies_and_types)
{
	ck_str(cookie_get(S("a=1; session=\"abc=\" ;b=2"), "session"), "abc=");
	ck_str(cookie_get(S("a=1; session=x; session=y"), "session"), "x");
	ck_str(cookie_get(S("xsession=1; session2=2; session"), "session"), "");
	ck_str(cookie_get(S(""), "session"), "");
	ck_assert(content_type_is(S("Application/JSON ; charset=utf-8"), "application/json"));
	ck_assert(content_type_is(S("application/json"), "application/json"));
	ck_assert(!content_type_is(S("application/jsonx"), "application/json"));
	ck_assert(!content_type_is(S(""), "application/json"));
}
END_TEST

START_TEST(authorization)
{
	struct str user, password;

	setup_arena();
	ck_assert(basic_parse(&a, S("Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ=="), &user, &password));
	ck_str(user, "Aladdin");
	ck_str(password, "open:sesame");
	ck_assert(basic_parse(&a, S("basic Og=="), &user, &password));
	ck_str(user, "");
	ck_assert(!basic_parse(&a, S("Basic QWxhZGRpbg=="), &user, &password));
	ck_assert(!basic_parse(&a, S("Basic ****"), &user, &password));
	ck_assert(!basic_parse(&a, S("BasicQWxhZGRpbg=="), &user, &password));
	ck_assert(!basic_parse(&a, S(""), &user, &password));
	ck_assert(bearer_parse(S("bearer  xoxb-1"), &user));
	ck_str(user, "xoxb-1");
	ck_assert(!bearer_parse(S("Bearer "), &user));
	ck_assert(!bearer_parse(S("Bearer a b"), &user));
	ck_assert(!bearer_parse(S("Basic abc"), &user));
	arena_done(&a);
}
END_TEST

START_TEST(base64)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"", ""},        {"Zg==", "f"},        {"Zm8=", "fo"},
		    {"Zm9v", "foo"}, {"Zm9vYg==", "foob"}, {"Zm9vYmFy", "foobar"},
		    {"Zg", "f"}};
	static const char *const bad[] = {"Z", "Zg=", "Zh==", "Zm9=", "=", "====", "Zg==Zg==", "Z g=", "Zm9v\n"};
	struct str out;

	setup_arena();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(base64_decode(&a, str_of(rows[i].in), &out), "%s is refused", rows[i].in);
		ck_str(out, rows[i].out);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!base64_decode(&a, str_of(bad[i]), &out), "%s is taken", bad[i]);
	arena_done(&a);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"form", urlencoded_fields},
		{"form", urlencoded_refusals},
		{"multipart", multipart_fields_and_files},
		{"multipart", multipart_refusals},
		{"text", escapes},
		{"text", cookies_and_types},
		{"text", authorization},
		{"text", base64},
	};

	return unit_run("net/form", tests, COUNT_OF(tests));
}
