#include "base/jq_apart.h"
#include "base/time.h"
#include "unit.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena a;

static void open_arena(void)
{
	arena_init(&a);
}

static void close_arena(void)
{
	arena_done(&a);
}

static struct jq_apart *made(const char *text)
{
	return jq_apart_new(S("def twice: . * 2;"), str_of(text));
}

/* What it answers, each value on a line; or "! " and why it failed. */
static struct str answer(struct jq_apart *p, const char *input)
{
	struct err err = {0};
	struct json *tree = json_parse(&a, str_of(input), JSON_STRICT, &err), *out;
	struct buf b;

	ck_assert_msg(tree, "%s", err.text);
	if (!jq_apart_run(p, &a, tree, 3, &out, &err))
		return arena_printf(&a, "! %d %s", err.code, err.text);
	buf_init(&b, 16 * MIB);
	for (; out; out = out->next) {
		struct json_out o = json_out(&b);

		json_put(&o, out);
		buf_char(&b, '\n');
	}
	return buf_keep(&a, &b);
}

static struct str failure(enum err_code code, const char *why)
{
	return arena_printf(&a, "! %d %s", code, why);
}

/* Of this process: the one there is; 0: none. */
static pid_t child(void)
{
	char name[60], line[20] = "";
	FILE *f;

	snprintf(name, sizeof name, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(name, "r");
	if (f && !fgets(line, sizeof line, f))
		line[0] = '\0';
	if (f)
		fclose(f);
	return atoi(line);
}

START_TEST(answers_as_in_this_process)
{
	struct jq_apart *p = made(".a | twice, [\"\\u00e4\\n\", null, 2.5], {b: 9007199254740992}");
	pid_t first;

	ck_str(answer(p, "{\"a\":4}"), "8\n[\"\u00e4\\n\",null,2.5]\n{\"b\":9007199254740992}\n");
	first = child();
	ck_assert_int_gt(first, 0);
	ck_str(answer(p, "{\"a\":5}"), "10\n[\"\u00e4\\n\",null,2.5]\n{\"b\":9007199254740992}\n");
	ck_assert(str_starts(answer(p, "[]"), S("! 1 Cannot index array")));
	ck_assert_int_eq(child(), first);
	jq_apart_free(p);
	ck_assert_int_eq(child(), 0);
	jq_apart_free(NULL);
}
END_TEST

START_TEST(limits_of_values_and_errors_come_through)
{
	struct jq_apart *p = made("if . == 1 then empty elif . == 2 then error(\"no \\(.)\") else range(.) end");

	ck_str(answer(p, "1"), "");
	ck_str(answer(p, "2"), failure(ERR_INVALID, "no 2").p);
	ck_str(answer(p, "3"), "0\n1\n2\n");
	ck_str(answer(p, "4"), failure(ERR_TOO_MANY, "the program makes too many values of one body").p);
	jq_apart_free(p);
	p = made("nosuch");
	ck_assert(str_starts(answer(p, "1"), failure(ERR_INVALID, "line 1: nosuch/0 is not defined")));
	jq_apart_free(p);
}
END_TEST

START_TEST(a_large_input_and_answer)
{
	struct jq_apart *p = made("., .");
	char *text = mem_new(4 * MIB);
	struct str got;

	memset(text, 'x', 4 * MIB - 1);
	text[0] = text[4 * MIB - 2] = '"';
	got = answer(p, text);
	ck_assert_uint_eq(got.n, 2 * (4 * MIB - 1) + 2);
	mem_free(text);
	jq_apart_free(p);
}
END_TEST

static const char *const endless[] = {"def f: f; if . then f else 1 end", "until(. == false; .) | 1", "if . then [range(1e18)] else 1 end", "if . then [repeat(1)] else 1 end",
				      "if . then last(range(1e18)) else 1 end", "if . then [limit(1e9; repeat(\"x\"))] | add else 1 end"};

START_TEST(one_that_does_not_end_is_ended)
{
	struct jq_apart *p = made(endless[_i]);
	mono_ms began = mono_now();
	struct str got = answer(p, "true");

	ck_assert_msg(str_starts(got, S("! 11 the program takes ")), "%s", got.p);
	ck_assert_int_lt(mono_now() - began, 8 * SECOND); /* the start of the process is in it */
	ck_assert_int_eq(child(), 0);
	ck_str(answer(p, "false"), "1\n");
	jq_apart_free(p);
}
END_TEST

START_TEST(memory_has_a_limit)
{
	struct jq_apart *p = made("if . then reduce range(31) as $i (\"x\"; . + .) else \"1\" end | length");

	struct str got = answer(p, "true");

#if defined(__SANITIZE_ADDRESS__) /* has no limit but its own */
	ck_assert(str_starts(got, S("! 11 ")));
#else
	ck_str(got, failure(ERR_INTERNAL, "the program takes more than 256 MiB of memory").p);
#endif
	ck_str(answer(p, "false"), "1\n");
	jq_apart_free(p);
}
END_TEST

START_TEST(one_that_was_killed_is_started_anew)
{
	struct jq_apart *p = made(".");
	siginfo_t ended;

	for (int i = 0; i < 5; i++) {
		ck_str(answer(p, "1"), "1\n");
		ck_assert_int_gt(child(), 0);
		ck_assert_int_eq(kill(child(), SIGKILL), 0);
		ck_assert_int_eq(waitid(P_PID, (id_t)child(), &ended, WEXITED | WNOWAIT), 0);
	}
	jq_apart_free(p);
}
END_TEST

START_TEST(three_in_a_row_put_it_aside)
{
	struct jq_apart *p = made("if . then reduce range(31) as $i (\"x\"; . + .) else \"1\" end | length");
	struct str aside = failure(ERR_UNAVAILABLE, "the program did not get done 3 times in a row and is put aside for a minute");

	for (int i = 0; i < 2; i++)
		ck_assert(str_starts(answer(p, "true"), S("! 11 ")));
	ck_str(answer(p, "false"), "1\n"); /* that ends the row */
	for (int i = 0; i < 3; i++)
		ck_assert(str_starts(answer(p, "true"), S("! 11 ")));
	ck_str(answer(p, "0"), aside.p);
	ck_assert_int_eq(child(), 0);
	jq_apart_free(p);
}
END_TEST

/* What it could write into or read from. */
START_TEST(it_has_no_file_and_no_environment)
{
	struct jq_apart *p = made(".");
	char name[60], environment[100];
	struct dirent *entry;
	size_t files = 0;
	FILE *f;
	DIR *d;

	setenv("SECRET", "x", 1);
	ck_assert_ptr_nonnull(fopen("/dev/zero", "r"));
	ck_str(answer(p, "1"), "1\n");
	snprintf(name, sizeof name, "/proc/%d/fd", (int)child());
	d = opendir(name);
	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)))
		files += entry->d_name[0] != '.';
	closedir(d);
	ck_assert_uint_eq(files, 3); /* the socket, and /dev/null twice */
	snprintf(name, sizeof name, "/proc/%d/environ", (int)child());
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(environment, 1, sizeof environment, f), 0);
	fclose(f);
	jq_apart_free(p);
}
END_TEST

int main(int argc, char **argv)
{
	const struct unit_test tests[] = {
		{"apart", answers_as_in_this_process},
		{"apart", limits_of_values_and_errors_come_through},
		{"apart", a_large_input_and_answer},
		{"apart", one_that_does_not_end_is_ended, COUNT_OF(endless)},
		{"apart", memory_has_a_limit},
		{"apart", one_that_was_killed_is_started_anew},
		{"apart", three_in_a_row_put_it_aside},
		{"apart", it_has_no_file_and_no_environment},
	};

	if (argc == 2 && strcmp(argv[1], JQ_APART_ARGUMENT) == 0)
		return jq_apart_main();
	return unit_run_in("base/jq_apart", tests, COUNT_OF(tests), open_arena, close_arena);
}
