#include "net/body.h"
#include "unit.h"

#define FORM "application/x-www-form-urlencoded"

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

/* The tree as JSON; "!" if it is refused. */
static struct str parsed(const char *content_type, struct str body)
{
	struct err err = {0};
	const struct json *v = body_parse(&a, str_of(content_type), body, &err);
	struct json_out o;
	struct str text;
	struct buf b;

	if (!v) {
		ck_assert(err.code == ERR_INVALID || err.code == ERR_TOO_BIG || err.code == ERR_TOO_MANY);
		return S("!");
	}
	buf_init(&b, MIB);
	o = json_out(&b);
	json_put(&o, v);
	text = arena_dup(&a, buf_str(&b));
	buf_done(&b);
	return text;
}

START_TEST(json)
{
	ck_str(parsed("application/json", S("{\"a\":1}")), "{\"a\":1}");
	ck_str(parsed("application/json; charset=utf-8", S(" [] ")), "[]");
	ck_str(parsed("application/cloudevents+json", S("{\"a\":1}")), "{\"a\":1}");
	ck_str(parsed("text/plain; charset=UTF-8", S("{\"Type\":\"Notification\"}")), "{\"Type\":\"Notification\"}");
	ck_str(parsed("", S("{}")), "{}");
	ck_str(parsed("application/json", S("{\"a\":1,\"b\":2,\"a\":3}")), "{\"a\":3,\"b\":2}");
	ck_str(parsed("application/json", S("{\"a\":")), "!");
	ck_str(parsed("application/json", S("{} {}")), "!");
	ck_str(parsed("application/json", S("")), "\"\"");
	ck_str(parsed("application/json", S("a=1")), "!");
	ck_str(parsed("application/json", S("disk is full")), "!");
	ck_str(parsed("", S("")), "\"\""); /* curl -X POST: it has nothing to say but that it is there */
	ck_str(parsed("", S("disk is full")), "!");
}
END_TEST

START_TEST(json_is_mended)
{
	ck_str(parsed("application/json", S("{\"a\":\"x\xff\\u0000\\ud800y\"}")), "{\"a\":\"x\xef\xbf\xbd\xef\xbf\xbdy\"}");
	ck_str(parsed("application/json", S("{\"a\":\"x\0y\"}")), "{\"a\":\"xy\"}");
}
END_TEST

START_TEST(forms)
{
	ck_str(parsed(FORM, S("a=1&b=x+%26%20y&c")), "{\"a\":\"1\",\"b\":\"x & y\",\"c\":\"\"}");
	ck_str(parsed("Application/X-WWW-Form-URLencoded; charset=utf-8", S("a=1")), "{\"a\":\"1\"}");
	ck_str(parsed(FORM, S("a=1&b=2&a=&a=3")), "{\"a\":\"3\",\"b\":\"2\"}");
	ck_str(parsed(FORM, S("a=%C3%A4%FF")), "{\"a\":\"\xc3\xa4\xef\xbf\xbd\"}");
	ck_str(parsed(FORM, S("payload=%7B%22a%22%3A1%7D")), "{\"payload\":\"{\\\"a\\\":1}\"}");
}
END_TEST

START_TEST(forms_are_mended)
{
	ck_str(parsed(FORM, S("a=97% used&b=%&c=%4&d=%zz&e=100%")), "{\"a\":\"97% used\",\"b\":\"%\",\"c\":\"%4\",\"d\":\"%zz\",\"e\":\"100%\"}");
	ck_str(parsed(FORM, S("a=x%00y\0z&%00=1")), "{\"a\":\"xyz\",\"\":\"1\"}");
}
END_TEST

/* What curl -d calls a form. */
START_TEST(forms_that_are_none)
{
	ck_str(parsed(FORM, S(" {\"a\":\"b=c\"}")), "{\"a\":\"b=c\"}");
	ck_str(parsed(FORM, S("[{\"a\":1}]")), "[{\"a\":1}]");
	ck_str(parsed(FORM, S("disk is full")), "\"disk is full\"");
	ck_str(parsed(FORM, S("91% full")), "\"91% full\"");
	ck_str(parsed("text/plain", S("disk\xff is full")), "\"disk\xef\xbf\xbd is full\"");
	ck_str(parsed("text/plain", S("disk \"a\" is 97% full")), "\"disk \\\"a\\\" is 97% full\"");
	ck_str(parsed(FORM, S("")), "{}");
}
END_TEST

START_TEST(many_fields)
{
	struct buf b;

	buf_init(&b, MIB);
	for (int i = 0; i < 1001; i++)
		buf_printf(&b, "%sk%d=v", i ? "&" : "", i);
	ck_str(parsed(FORM, buf_str(&b)), "!");
	buf_done(&b);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"json", json},
		{"json", json_is_mended},
		{"form", forms},
		{"form", forms_are_mended},
		{"form", forms_that_are_none},
		{"form", many_fields},
	};

	return unit_run_in("net/body", tests, COUNT_OF(tests), open_arena, close_arena);
}
