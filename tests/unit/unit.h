/* tests/unit/unit.h -- what the unit tests share. Each test is a process of its own (CK_FORK=no: not, for the debugger). */
#pragma once
#include "base/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* A borrowed text against a literal; prints both when they differ. */
#define ck_str(s, z)                                                                                                   \
	do {                                                                                                           \
		struct str ck_s_ = (s);                                                                                \
		ck_assert_msg(str_is(ck_s_, z), "'" STR_FMT "' is not '%s'", STR_ARG(ck_s_), z);                       \
	} while (0)

struct unit_test {
	const char *group; /* CK_RUN_CASE=group runs these alone */
	const TTest *test;
	int times; /* not 0: once for each of so many cases, which the test knows by _i */
};

/* main() of a test program; before and after each test, in its process, open() and close() run. */
static inline int unit_run_in(const char *name, const struct unit_test *tests, size_t count, void (*open)(void),
			      void (*close)(void))
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	TCase *group = NULL;
	int failed;

	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(tests[i].group, tests[i - 1].group) != 0) {
			group = tcase_create(tests[i].group);
			tcase_set_timeout(group, 120); /* only ends what hangs */
			tcase_add_checked_fixture(group, open, close);
			suite_add_tcase(suite, group);
		}
		if (tests[i].times)
			tcase_add_loop_test(group, tests[i].test, 0, tests[i].times);
		else
			tcase_add_test(group, tests[i].test);
	}
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int unit_run(const char *name, const struct unit_test *tests, size_t count)
{
	return unit_run_in(name, tests, count, NULL, NULL);
}
