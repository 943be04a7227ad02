#include "base/roff.h"
#include "unit.h"

static char *text;
static size_t size;
static FILE *to;

static void begin(void)
{
	to = open_memstream(&text, &size);
	ck_assert_ptr_nonnull(to);
}

static void is(const char *wanted)
{
	fclose(to);
	ck_assert_str_eq(text, wanted);
	free(text);
}

START_TEST(what_means_something_to_roff_is_escaped)
{
	begin();
	roff_text(to, ".SH is no request");
	roff_text(to, "'nor this");
	roff_text(to, "a-b \\fB \"q\" `c` ^ ~");
	roff_text(to, "");
	is("\\&.SH is no request\n\\(aqnor this\na\\-b \\efB \\(dqq\\(dq \\(gac\\(ga \\(ha \\(ti\n\n");
}
END_TEST

START_TEST(terms_examples_and_references)
{
	static const char *const pages[] = {"opsroom-api(7)", "opsroom(1)", NULL};

	begin();
	roff_item(to, "--data", "DIR", "Where.");
	roff_item(to, "ack", NULL, "It.");
	roff_example(to, "one\n.two\n");
	roff_see_also(to, pages);
	is(".TP\n\\fB\\-\\-data\\fR \\fIDIR\\fR\nWhere.\n.TP\n\\fBack\\fR\nIt.\n.PP\n.RS "
	   "4\n.EX\none\n\\&.two\n.EE\n.RE\n"
	   ".SH \"SEE ALSO\"\n.BR opsroom\\-api (7),\n.BR opsroom (1)\n");
}
END_TEST

START_TEST(each_exit_code_stands_once)
{
	const char *at;

	begin();
	roff_exit_codes(to, NULL);
	fclose(to);
	at = strstr(text, "\\fB7\\fR");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_null(strstr(at + 1, "\\fB7\\fR"));
	ck_assert_ptr_nonnull(strstr(at, "storage_full"));
	ck_assert_ptr_null(strstr(text, "\\fB1\\fR"));
	free(text);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"roff", what_means_something_to_roff_is_escaped},
		{"roff", terms_examples_and_references},
		{"roff", each_exit_code_stands_once},
	};

	return unit_run("base/roff", tests, COUNT_OF(tests));
}
