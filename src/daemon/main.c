/* opsroomd: reads its command line and its settings, and does what they say. */
#include "base/jq_apart.h"
#include "base/log.h"
#include "commands/rulebook.h"
#include "daemon/daemon.h"
#include "net/runner.h"
#include "ops/chats.h"
#include "ops/routing.h"
#include "ops/source.h"

#include <stdio.h>
#include <string.h>

struct command_line {
	const char *file; /* to provision */
	const char *page; /* to print */
	bool provision, check, done;
};

const struct daemon_option daemon_options[] = {
	{"--config", "FILE", "The file with settings, see opsroom.yaml(5). Without it there is none."},
	{"--check", NULL, "Reads the settings, the certificate and the folder of your own sources, says what is wrong with them, and ends."},
	{"--clock", "TIME",
	 "A virtual clock that begins at TIME and stands still until POST /v1/advance moves it: for tests."},
	{"--manual", "PAGE",
	 "Prints a manual page: opsroomd.8, opsroom.yaml.5, opsroom-api.7 or opsroom-log.7; for man -l -."},
	{"--version", NULL, "Prints the version."},
	{"--help", NULL, "Lists the options."},
	{0},
};

static void usage_line(const char *name, const char *value, const char *help)
{
	int n = printf("  %s%s%s", name, value ? " " : "", value ? value : "");

	printf("%*s%s\n", n < 38 ? 38 - n : 1, "", help);
}

static void usage(struct arena *a)
{
	puts("usage: opsroomd [OPTION...]\n       opsroomd provision [OPTION...] FILE.yaml\n"
	     "Runs the operations room, or makes what a file names.\n");
	for (const struct daemon_option *o = daemon_options; o->name; o++)
		usage_line(o->name, o->value, o->help);
	puts("\nSettings, over those of the file:");
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings_table[i];
		struct str standard = s->standard[0] ? arena_printf(a, "; default %s", s->standard) : S("");

		usage_line(settings_option_name(a, s).p, settings_value_name(s),
			   arena_printf(a, "%s" STR_FMT, s->range, STR_ARG(standard)).p);
	}
	puts("\nThe manual: man opsroomd, or opsroomd --manual opsroomd.8 | man -l -");
}

static bool complain(struct err *err, const char *word, const char *what)
{
	err_set(err, ERR_INVALID, "%.100s %s; see: opsroomd --help", word, what);
	return false;
}

/* --help and the like, which end it. */
static bool is_question(struct daemon *d, struct command_line *c, const char *word)
{
	c->done = true;
	if (strcmp(word, "--help") == 0)
		usage(&d->arena);
	else if (strcmp(word, "--version") == 0)
		puts("opsroomd " OPSROOM_VERSION);
	else
		c->done = false;
	return c->done;
}

/* "--name value" or "--name=value" */
static bool take_option(struct daemon *d, struct command_line *c, char **argv, int *i, struct err *err)
{
	struct str name, value = str_cut(str_of(argv[*i]), '=', &name);
	const struct setting *setting = settings_option(name);
	bool config = str_is(name, "--config"), clock = str_is(name, "--clock"), manual = str_is(name, "--manual");

	if (!setting && !config && !clock && !manual)
		return complain(err, argv[*i], "is no option");
	if (name.n == strlen(argv[*i])) {
		if (!argv[*i + 1])
			return complain(err, argv[*i], "asks for a value");
		value = str_of(argv[++*i]);
	}
	if (config)
		d->config_file = value.p;
	else if (clock)
		d->clock = value;
	else if (manual)
		c->page = value.p;
	else
		d->given.text[setting - settings_table] = value;
	return true;
}

static bool read_command_line(struct daemon *d, struct command_line *c, int argc, char **argv, struct err *err)
{
	for (int i = 1; i < argc; i++) {
		if (is_question(d, c, argv[i]))
			return true;
		if (strcmp(argv[i], "--check") == 0)
			c->check = true;
		else if (argv[i][0] == '-') {
			if (!take_option(d, c, argv, &i, err))
				return false;
		} else if (strcmp(argv[i], "provision") == 0 && !c->provision)
			c->provision = true;
		else if (c->provision && !c->file)
			c->file = argv[i];
		else
			return complain(err, argv[i], "is not understood");
	}
	if (c->provision && !c->file && !c->check)
		return complain(err, "provision", "asks for a file");
	return true;
}

/* All that is wrong, a line each. */
static bool plugins_are_good(const struct rulebook *r, struct err *err)
{
	for (size_t i = 0; i < r->fault_count; i++)
		fprintf(stderr, "opsroomd: " STR_FMT "\n", STR_ARG(r->faults[i].why));
	if (r->fault_count)
		err_set(err, ERR_INVALID, "%zu plugin%s cannot be taken", r->fault_count, r->fault_count == 1 ? "" : "s");
	return r->fault_count == 0;
}

/* What can be known without touching the data directory. */
static bool check(const struct daemon *d, struct err *err)
{
	struct source_folder *sources = source_folder_read(d->settings.sources_dir, err);
	struct routing *routing = sources ? routing_read(d->settings.alerting, err) : NULL;
	struct rulebook_from from = {.access = d->settings.access, .plugins_dir = d->settings.plugins_dir};
	struct rulebook *rulebook = routing ? rulebook_read(&from, err) : NULL;
	struct tls_context *tls;
	struct chats *chats = rulebook ? chats_read(d->settings.chats, err) : NULL;
	bool good = chats && plugins_are_good(rulebook, err);

	source_folder_free(sources);
	routing_free(routing);
	rulebook_free(rulebook);
	chats_free(chats);
	if (!good)
		return false;
	if (d->settings.tls_certificate.n) {
		tls = tls_context_new(d->settings.tls_certificate.p, d->settings.tls_key.p, err);
		if (!tls)
			return false;
		tls_context_free(tls);
	}
	puts("opsroomd: the configuration is good");
	return true;
}

static int run(struct daemon *d, int argc, char **argv, struct err *err)
{
	struct command_line c = {0};

	if (!crypt_start(err) || !read_command_line(d, &c, argc, argv, err))
		return err_info(err->code)->exit_code;
	if (c.done)
		return 0;
	if (c.page && !manual_print(stdout, c.page)) {
		err_set(err, ERR_NOT_FOUND,
			"there is no page %.100s; there are opsroomd.8, opsroom.yaml.5, opsroom-api.7, opsroom-log.7",
			c.page);
		return err_info(err->code)->exit_code;
	}
	if (c.page)
		return 0;
	if (!settings_read(&d->arena, d->config_file, &d->given, &d->settings, err))
		return err_info(err->code)->exit_code;
	if (c.check)
		return check(d, err) ? 0 : err_info(err->code)->exit_code;
	return c.provision ? daemon_provision(d, c.file, err) : daemon_run(d, err);
}

int main(int argc, char **argv)
{
	static struct daemon d;
	struct err err = {0};
	int code;

	if (argc == 2 && strcmp(argv[1], JQ_APART_ARGUMENT) == 0)
		return jq_apart_main();
	if (argc == 2 && strcmp(argv[1], RUNNER_ARGUMENT) == 0)
		return runner_main();
	d.began = mono_now();
	arena_init(&d.arena);
	code = run(&d, argc, argv, &err);
	if (err.code)
		fprintf(stderr, "opsroomd: %s\n", err.text);
	return code;
}
