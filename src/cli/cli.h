/* cli/cli.h -- what the subcommands of opsroom(1) share: arguments, the way to the server, and safe output.
 *
 * A subcommand is a row of the table in main.c; help, manual page and completion are printed from it. It answers with true, or
 * with false and *err, whose code is the exit code.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"
#include "ops/event.h"

#include <stdio.h>

#define CLI_OPTIONS 12 /* of one subcommand, at most */
#define ANSWER_MAX (16 * MIB)

struct cli;

struct cli_option {
	const char *name;  /* "--state" */
	const char *value; /* "STATE"; NULL: a switch */
	const char *help;
	bool many; /* may be given again: option() has all values, a line each */
};

struct subcommand {
	const char *name;      /* one word or two: "alerts", "token create" */
	const char *arguments; /* for people: "<alert>..." */
	unsigned min, max;     /* how many arguments */
	bool takes_text;       /* options end where the arguments begin: what follows is text */
	bool offline;          /* asks no server */
	bool (*run)(struct cli *c, struct err *err);
	const char *help;
	const char *more; /* for the manual page; NULL: nothing more to say */
	struct cli_option options[CLI_OPTIONS];
};

extern const struct subcommand subcommands[]; /* the last has no name */
extern const struct cli_option global_options[];

struct cli {
	struct arena arena;
	const struct subcommand *sub;
	const char *args[256];
	unsigned arg_count;
	const char *values[CLI_OPTIONS]; /* as sub->options; a switch has "" */
	const char *url_flag, *token_flag, *data_flag, *ca_file;
	struct str url,
		token; /* what config_find() made of flags, environment and files; the url has no '/' at its end */
	bool json, colour;
	span_ms deadline; /* of a call */
	int exit_code; /* of a run that went well; 1: the answer is no */
};

/* ---- arguments (main.c) ---- */
/* The subcommand of one word or two, NULL: none; *used: how many of the words it took. */
const struct subcommand *subcommand_find(const char *first, const char *second, int *used);
/* Where the value of an option belongs that every subcommand has; NULL: it is none. */
const char **cli_global(struct cli *c, const char *name);
const char *option(const struct cli *c, const char *name); /* NULL: was not given */
struct str command_line(struct cli *c, const char *command); /* the arguments as a line of ops/grammar.h, behind `command` or NULL */
/* Says a line as in the chat: how is "line", or "exact" for one that a program wrote. Prints what comes of it. */
MUST_USE bool run_line(struct cli *c, const char *how, struct str line, struct str channel, struct err *err);
struct str joined_args(struct cli *c, unsigned from);      /* with spaces between */

/* ---- files (input.c) ---- */
/* A file, or standard input for "-", whole. ERR_NOT_FOUND, ERR_INVALID, ERR_TOO_BIG. */
MUST_USE bool read_input(struct cli *c, const char *name, size_t max_bytes, struct str *out, struct err *err);

/* ---- the person (sub_login.c) ---- */
/* Asks on standard error, so that output can be piped, and reads a line of standard input; hidden: it is not shown. *out is without its line end. */
MUST_USE bool ask_person(struct cli *c, const char *question, bool hidden, struct str *out, struct err *err);

/* ---- where the server is (config.c) ---- */
struct saved {
	struct str url, token, token_id, user;
};
MUST_USE bool config_find(struct cli *c, struct err *err);
void config_load(struct cli *c, struct saved *out); /* what login saved; empty if there is nothing */
MUST_USE bool config_save(struct cli *c, const struct saved *s, struct err *err);
MUST_USE bool config_remove(struct cli *c, struct err *err);

/* ---- calls (call.c) ---- */
/* Each answers with the parsed body, which lives in c->arena; an answer that is an error becomes *err, and with --json the
 * problem is printed too. A body of n == 0 is none. */
MUST_USE bool call(struct cli *c, const char *method, struct str path, struct str body, struct json **answer,
		   struct err *err);
MUST_USE bool call_slack(struct cli *c, const char *method, struct str body, struct json **answer, struct err *err);
MUST_USE bool call_yaml(struct cli *c, struct str path, struct str yaml, struct json **answer, struct err *err);
/* What is no JSON value but lines of them: into *body, anew. */
MUST_USE bool call_lines(struct cli *c, struct str path, struct buf *body, struct err *err);
/* To another place of the same server, without our token: a webhook. */
MUST_USE bool call_hook(struct cli *c, struct str url, struct str body, struct err *err);
MUST_USE bool call_hook_typed(struct cli *c, struct str url, const char *type, struct str body, struct err *err); /* type NULL: JSON */
/* With a user's password: makes the token that `login` keeps. */
MUST_USE bool call_login(struct cli *c, struct str user, struct str password, struct str token_name, const char *scope,
			 struct saved *out, struct err *err);
struct str bearer_header(struct cli *c);

/* "path?a=1&b=2"; a NULL value leaves its key out. */
struct query {
	const char *key, *value;
};
struct str path_with(struct cli *c, const char *path, const struct query *q, size_t count);
struct str path_to(struct cli *c, const char *path, const char *id); /* the id encoded behind the path */

/* {"key":"value",...} of texts; a value with a NULL pointer leaves its key out. */
struct pair {
	const char *key;
	struct str value;
};
struct str json_of(struct cli *c, const struct pair *pairs, size_t count);

/* ---- people and channels (names.c) ---- */
struct names {
	const struct json *boot; /* as GET /v1/boot */
};
MUST_USE bool names_get(struct cli *c, struct names *out, struct err *err);
struct str user_name(const struct names *n, struct str user_id);       /* the id itself if nobody has it */
struct str channel_name(const struct names *n, struct str channel_id); /* "#sre-alerts", "@ben" */
/* By "#name", "name", "@person" (a DM that exists) or id; NULL and *err: none. */
const struct json *channel_find(const struct names *n, struct str wanted, struct err *err);
/* Slack's mrkdwn as plain text: references by name, links readable, entities undone. */
struct str plain_of(struct cli *c, const struct names *n, struct str mrkdwn);

/* ---- output (print.c) ---- */
enum colour { PLAIN, BOLD, DIM, RED, YELLOW, GREEN };

/* Text from elsewhere: what could drive a terminal is shown as \x1b, and bytes that are no UTF-8 as U+FFFD. */
struct str safe_line(struct arena *a, struct str s);  /* one line: line ends become " | " */
struct str safe_lines(struct arena *a, struct str s); /* keeps line ends and tabs */
size_t text_width(struct str s);                      /* in columns of a terminal */
void say(struct cli *c, enum colour colour, struct str s);
void say_line(struct cli *c, struct str foreign); /* a whole text of the server's, safe, with a line end */
bool say_json(const struct json *v);              /* what the server answered; true */

#define TABLE_COLUMNS 8
struct table {
	struct cli *c;
	unsigned columns;
	struct table_row *first, **last;
};
void table_init(struct table *t, struct cli *c, unsigned columns, const char *const *heads);
void table_row(struct table *t, const struct str *cells, const enum colour *colours); /* colours: NULL for plain */
void table_print(struct table *t, const char *if_empty);

/* "5 min" of a time in RFC 3339; "" if it is none */
struct str age_of(struct cli *c, struct str rfc3339);

/* ---- manual.c ---- */
void print_help(FILE *to, const struct cli *c);
void print_sub_help(FILE *to, const struct subcommand *s);
void print_man(FILE *to);
void print_completion(FILE *to, bool zsh);

/* ---- complete.c ---- */
void print_proposals(struct cli *c, int count, char **words); /* the last word is the one to complete */

/* ---- where events would be routed (routed.c) ---- */
#define ROUTED_MAX 100 /* more are not asked for */
/* By the file of --alerting, or the daemon; *out is the first of a list in the order of the events, NULL: there is nobody to ask,
 * or standard error says why. false: the file is wrong. */
MUST_USE bool routed_find(struct cli *c, const struct event *events, size_t count, struct str tool, const struct json **out, struct err *err);
void routed_print(struct cli *c, const struct json *where);

/* ---- the subcommands ---- */
bool sub_login(struct cli *c, struct err *err);
bool sub_logout(struct cli *c, struct err *err);
bool sub_status(struct cli *c, struct err *err);
bool sub_alerts(struct cli *c, struct err *err);
bool sub_alert(struct cli *c, struct err *err);
bool sub_ack(struct cli *c, struct err *err);
bool sub_resolve(struct cli *c, struct err *err);
bool sub_run(struct cli *c, struct err *err);
bool sub_secret_set(struct cli *c, struct err *err);
bool sub_secret_drop(struct cli *c, struct err *err);
bool sub_secret_list(struct cli *c, struct err *err);
bool sub_channels(struct cli *c, struct err *err);
bool sub_post(struct cli *c, struct err *err);
bool sub_tail(struct cli *c, struct err *err);
bool sub_token_create(struct cli *c, struct err *err);
bool sub_token_list(struct cli *c, struct err *err);
bool sub_token_report(struct cli *c, struct err *err);
bool sub_token_revoke(struct cli *c, struct err *err);
bool sub_app_create(struct cli *c, struct err *err);
bool sub_app_update(struct cli *c, struct err *err);
bool sub_app_list(struct cli *c, struct err *err);
bool sub_app_delete(struct cli *c, struct err *err);
bool sub_mfa_status(struct cli *c, struct err *err);
bool sub_mfa_enrol(struct cli *c, struct err *err);
bool sub_mfa_stepup(struct cli *c, struct err *err);
bool sub_mfa_reset(struct cli *c, struct err *err);
bool sub_audit_search(struct cli *c, struct err *err);
bool sub_audit_verify(struct cli *c, struct err *err);
bool sub_audit_export(struct cli *c, struct err *err);
bool sub_audit_key(struct cli *c, struct err *err);
bool sub_source_deliveries(struct cli *c, struct err *err);
bool sub_source_delivery(struct cli *c, struct err *err);
bool sub_source_replay(struct cli *c, struct err *err);
bool sub_source_list(struct cli *c, struct err *err);
bool sub_source_show(struct cli *c, struct err *err);
bool sub_source_mail(struct cli *c, struct err *err);
bool sub_mail_test(struct cli *c, struct err *err);
bool sub_source_test(struct cli *c, struct err *err);
bool sub_import_alertmanager(struct cli *c, struct err *err);
bool sub_routes_show(struct cli *c, struct err *err);
bool sub_rule_test(struct cli *c, struct err *err);
bool sub_rule_check(struct cli *c, struct err *err);
bool sub_routes_test(struct cli *c, struct err *err);
bool sub_plugin_new(struct cli *c, struct err *err);
bool sub_plugin_check(struct cli *c, struct err *err);
bool sub_plugin_install(struct cli *c, struct err *err);
bool sub_plugin_list(struct cli *c, struct err *err);
bool sub_plugin_enable(struct cli *c, struct err *err);
bool sub_plugin_disable(struct cli *c, struct err *err);
bool sub_plugin_rollback(struct cli *c, struct err *err);
bool sub_slack_manifest(struct cli *c, struct err *err);
bool sub_slack_check(struct cli *c, struct err *err);
bool sub_demo(struct cli *c, struct err *err);
bool sub_version(struct cli *c, struct err *err);
bool sub_help(struct cli *c, struct err *err);
