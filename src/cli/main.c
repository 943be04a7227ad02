#include "base/crypt.h"
#include "cli/cli.h"
#include "net/runner.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

const struct cli_option global_options[] = {
	{"--url", "URL", "The server, as https://ops.example.com"},
	{"--token", "TOKEN",
	 "An API token (xoxp-...); in the environment or by login it is not seen by other users of the machine"},
	{"--data", "DIR",
	 "The data directory of an opsroomd on this machine: its address and its admin token are taken from there"},
	{"--ca", "FILE", "Certificates (PEM) to trust instead of the system's"},
	{"--json", NULL, "Print what the API answered, for programs"},
	{"--help", NULL, "Help; behind a command, for that command"},
	{0},
};

const struct subcommand subcommands[] = {
	{"login",
	 "",
	 0,
	 0,
	 false,
	 true,
	 sub_login,
	 "Log in and keep a token of one's own for this machine.",
	 "Asks for address, name and password, makes an API token and keeps that (not the password) in the "
	 "configuration file. "
	 "With --token that one is checked and kept. Without a terminal the password is read from standard input.",
	 {{"--user", "NAME", "Who logs in; asked for otherwise"},
	  {"--scope", "SCOPE", "What the token may do: read, write or admin; as much as the user may otherwise"}}},
	{"logout", "", 0, 0, false, true, sub_logout, "Revoke the token that login made, and forget it.", NULL, {{0}}},
	{"status", "", 0, 0, false, false, sub_status, "How the server is, and how many alerts are open.", NULL, {{0}}},
	{"alerts",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_alerts,
	 "List alerts, newest first.",
	 NULL,
	 {{"--state", "STATE", "open (the default), firing, acknowledged, resolved or all"},
	  {"--limit", "N", "At most so many"}}},
	{"alert", "<alert>", 1, 1, false, false, sub_alert, "Show one alert with its members.", NULL, {{0}}},
	{"ack",
	 "<alert>...",
	 1,
	 100,
	 false,
	 false,
	 sub_ack,
	 "Acknowledge: you have it, nobody else is called.",
	 NULL,
	 {{0}}},
	{"resolve", "<alert>...", 1, 100, false, false, sub_resolve, "Resolve: it is over.", NULL, {{0}}},
	{"run",
	 "<command line>",
	 1,
	 250,
	 true,
	 false,
	 sub_run,
	 "Run any command of the chat, as /srebot does.",
	 "One word is a whole line, with pipes: opsroom run 'alerts | count'. Of several, each is a word of the command. \"opsroom run help\" lists the "
	 "commands.",
	 {{"--channel", "CHANNEL", "Run it as if it was said there"}}},
	{"post",
	 "<channel> <text>",
	 2,
	 250,
	 true,
	 false,
	 sub_post,
	 "Say something in a channel; the text \"-\" is standard input.",
	 "The channel is #name, name or id; @name is a person. The text is sent as it stands: & < > mean nothing. ",
	 {{"--thread", "TS", "Answer in the thread of this message"},
	  {"--raw", NULL, "The text is Slack's mrkdwn: <@U...>, <url|text>"}}},
	{"tail",
	 "[<channel>...]",
	 0,
	 100,
	 false,
	 false,
	 sub_tail,
	 "Print messages as they come, a line each; all channels without a name.",
	 "After a lost connection it goes on where it was: nothing is left out, nothing comes twice. Edited messages "
	 "are marked "
	 "with ~, deleted ones with x. With --json each line is an event as GET /stream sends it.",
	 {{"--count", "N", "End after so many lines"}}},
	{"channels", "", 0, 0, false, false, sub_channels, "List the channels that one may see.", NULL, {{0}}},
	{"token create",
	 "<name>",
	 1,
	 1,
	 false,
	 false,
	 sub_token_create,
	 "Make an API token; it is shown this once.",
	 NULL,
	 {{"--scopes", "SCOPES", "read, write or admin; write otherwise"},
	  {"--user", "USER", "For somebody else (admins)"}}},
	{"token list",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_token_list,
	 "List one's API tokens; an admin sees all.",
	 NULL,
	 {{0}}},
	{"token report",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_token_report,
	 "Which API tokens are too strong, unused or nobody's, the worst first (admins).",
	 "NEEDED is the highest scope that a use of the token really needed.",
	 {{0}}},
	{"token revoke", "<id>", 1, 1, false, false, sub_token_revoke, "End an API token.", NULL, {{0}}},
	{"app create",
	 "<name>",
	 1,
	 1,
	 false,
	 false,
	 sub_app_create,
	 "Make an app for Slack's SDKs: a bot with tokens, a signing secret and a webhook (admins).",
	 "The manifest is Slack's, as JSON or YAML. The tokens are shown this once; with --json as app_id, bot_token, user_token, app_token, signing_secret, client_id, "
	 "client_secret and webhook_url.",
	 {{"--manifest", "FILE", "What it may and wants to hear; \"-\" is standard input. Without it: the usual scopes, no events"},
	  {"--channel", "CHANNEL", "Where its webhook posts; general otherwise"}}},
	{"app update", "<app>", 1, 1, false, false, sub_app_update, "Give an app another manifest (admins).", NULL, {{"--manifest", "FILE", "The new one; \"-\" is standard input"}}},
	{"app list", "", 0, 0, false, false, sub_app_list, "List the apps (admins).", NULL, {{0}}},
	{"app delete", "<app>", 1, 1, false, false, sub_app_delete, "End an app: its tokens, its bot and its webhook (admins).", NULL, {{0}}},
	{"slack manifest",
	 "",
	 0,
	 0,
	 false,
	 true,
	 sub_slack_manifest,
	 "Print the manifest of opsroom's app in a Slack workspace, to paste at api.slack.com/apps.",
	 "By Socket Mode, which needs no way from Slack to this machine. With --url https://ops.example.com, the public address of this opsroom, by the Events API instead: then Slack "
	 "sends to /chats/slack/events there.",
	 {{"--name", "NAME", "What the app and its bot are called; srebot otherwise"},
	  {"--command", "COMMAND", "Its slash command; /srebot otherwise. In another opsroom that one is taken"},
	  {"--chat", "NAME", "What the chat is called in the chats file; slack otherwise"}}},
	{"slack check",
	 "",
	 0,
	 0,
	 false,
	 true,
	 sub_slack_check,
	 "Try the tokens of a Slack app step by step: the way there, TLS, the token, each scope, Socket Mode, channels.",
	 "A line a step, with what to do about what is missing. Exit code 1 if something failed without which nothing works; a scope that is only missing leaves something out. --url names "
	 "another Web API than https://slack.com/api/.",
	 {{"--token-file", "FILE", "Holds the Bot User OAuth Token (xoxb-...)"}, {"--app-token-file", "FILE", "Holds the app-level token (xapp-...), for Socket Mode"}}},
	{"secret set",
	 "<plugin> <name>",
	 2,
	 2,
	 false,
	 false,
	 sub_secret_set,
	 "Set a secret of a plugin; the value is read from standard input.",
	 "The plugin - is all of them. Programs find it as a file in the folder that OPSROOM_SECRETS names, if their manifest asks for it. Of several the nearest "
	 "counts: one's own, the channel's, the plugin's, that of all.",
	 {{"--channel", "CHANNEL", "Only for what is said there"}, {"--mine", NULL, "Only for oneself; needs no admin"}}},
	{"secret drop", "<plugin> <name>", 2, 2, false, false, sub_secret_drop, "Take a secret of a plugin away.", NULL, {{"--channel", "CHANNEL", "That of the channel"}, {"--mine", NULL, "One's own"}}},
	{"secret list", "", 0, 0, false, false, sub_secret_list, "Which secrets of plugins are set; never their values.", NULL, {{0}}},
	{"mfa status", "", 0, 0, false, false, sub_mfa_status, "Have you a second factor, and when was it last given?", NULL, {{0}}},
	{"mfa enrol",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_mfa_enrol,
	 "Make a second factor: a secret for an authenticator, confirmed by its first code.",
	 "Codes are asked for on standard error and read from standard input, never given as arguments.",
	 {{0}}},
	{"mfa stepup",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_mfa_stepup,
	 "Give a code, for commands that ask for a second factor.",
	 "It counts for this token. A recovery code does too, once.",
	 {{0}}},
	{"mfa reset",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_mfa_reset,
	 "Take the second factor away, with a fresh code.",
	 NULL,
	 {{"--user", "USER", "That of somebody who has lost it (admins); they are told"}}},
	{"audit search",
	 "[<words>]",
	 0,
	 100,
	 false,
	 false,
	 sub_audit_search,
	 "Who did what: the audit log, newest first.",
	 "Times are RFC 3339 (2026-03-02T02:15:00Z) or a span back from now (2h, 7d). The words are looked for in what a record tells.",
	 {{"--actor", "USER", "Only what they did"},
	  {"--action", "ACTION", "Only this: the name of a command, login, provision"},
	  {"--result", "RESULT", "Only what ended so: ok, forbidden, refused"},
	  {"--via", "WAY", "Only what came this way: slash, mention, button, cli, console, api"},
	  {"--channel", "CHANNEL", "Only what was said there"},
	  {"--from", "ADDRESS", "Only what came from there"},
	  {"--rule", "RULE", "Only what a rule that begins so allowed or refused"},
	  {"--id", "ID", "This record"},
	  {"--since", "TIME", "Not older"},
	  {"--until", "TIME", "Not newer"},
	  {"--limit", "N", "At most so many, 50 otherwise"}}},
	{"audit verify",
	 "[<file>...]",
	 0,
	 100,
	 false,
	 true,
	 sub_audit_verify,
	 "Check the hash chains and the signatures of the audit log; exit code 1 if something was changed or is missing.",
	 "Without a file the daemon checks its own. With files, what `audit export` wrote is checked, here and without any server: several files are one "
	 "export in pieces, in their order; - is standard input.",
	 {{"--key", "KEY", "The public key of the signatures, as `audit key` prints it; needed for files"},
	  {"--part", NULL, "The files begin in the middle: an export with --since or --after"}}},
	{"audit export",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_audit_export,
	 "Print the audit log with its hashes and signatures as JSON lines, oldest first.",
	 "Appending later what is new: --after with the id of the last record of the file.",
	 {{"--since", "TIME", "Not older"}, {"--until", "TIME", "Not newer"}, {"--after", "ID", "Only what follows this record"}}},
	{"audit key",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_audit_key,
	 "Print the public key that the audit log is signed with. Keep it on another machine.",
	 NULL,
	 {{0}}},
	{"source list", "", 0, 0, false, true, sub_source_list, "The tools whose webhooks are understood.", NULL, {{"--sources", "DIR", "With the tools of this folder, as sources_dir of opsroomd"}}},
	{"source show", "<tool>", 1, 1, false, true, sub_source_show, "How to point a tool at opsroom, as a page in markdown.", NULL, {{"--sources", "DIR", "With the tools of this folder, as sources_dir of opsroomd"}}},
	{"source test",
	 "<tool> <file>",
	 2,
	 2,
	 false,
	 true,
	 sub_source_test,
	 "What a webhook's body would become, and who would be told; changes nothing.",
	 "<tool> is a name of `source list`, or a YAML file of your own. <file> holds the body as it was sent, - is standard input. Where it would "
	 "be routed the daemon is asked, if one can be found; else with --alerting that file. --json asks nobody and prints the events alone.",
	 {{"--content-type", "TYPE", "Of the body, application/json otherwise"},
	  {"--header", "NAME: VALUE", "A header of the request; may be given again", true},
	  {"--sources", "DIR", "With the tools of this folder, as sources_dir of opsroomd"},
	  {"--alerting", "FILE", "Route by this alerting file, and ask no daemon"},
	  {"--source", "NAME", "What the source is called, for routes that go by __source__"}}},
	{"source mail",
	 "<key>",
	 1,
	 1,
	 false,
	 true,
	 sub_source_mail,
	 "Hand a mail from standard input to a source of the tool email; for a mail server's pipe.",
	 "<key> is the source's key, or its whole URL. Of the mail the first MiB is sent. The exit code is that of sysexits.h: 0, "
	 "75 (try again: no answer, or the disk is full), 65 (the mail is refused), 67 (no such key), 77. In /etc/aliases: alerts: "
	 "\"|/usr/bin/opsroom source mail https://opsroom.example.com/hooks/email/KEY\"",
	 {{0}}},
	{"mail test", "[<address>]", 0, 1, false, false, sub_mail_test, "Send a mail now, to oneself or to that address, and print what the mail server says (admins); exit code 1 if it did not take it.",
	 "It goes to mail_server of opsroom.yaml(5). Mail to people goes there through the outbox, which tries again what the server puts off.",
	 {{"--queue", NULL, "Put it into the outbox instead; the log says what becomes of it"}}},
	{"source deliveries", "[<source>]", 0, 1, false, false, sub_source_deliveries, "What came from a source: its last 50 deliveries. Without a name: all sources.",
	 "`-` is what came without the key of a source, `api` what came to Alertmanager's API where it asks for no key. They are kept until the daemon ends.", {{0}}},
	{"source delivery", "<delivery>", 1, 1, false, false, sub_source_delivery, "One delivery, with its headers and its body (operators).", NULL, {{0}}},
	{"source replay", "<delivery>", 1, 1, false, false, sub_source_replay, "Take a delivery in once more (operators); exit code 1 if it is refused.", NULL, {{0}}},
	{"routes test",
	 "[<label=value>...]",
	 0,
	 60,
	 false,
	 true,
	 sub_routes_test,
	 "Which routes an alert with these labels takes, and why; also those that it does not take.",
	 "The first line has the receivers with commas between, as amtool prints them. __source__ and __tool__ are labels too: what a source "
	 "and its tool are called. The daemon is asked, or with --file an alerting file (the setting alerting); then no server is needed.",
	 {{"--file", "FILE", "Ask this alerting file instead of the daemon"},
	  {"--verify.receivers", "A,B", "The exit code is 1 if the receivers are not these, in this order"}}},
	{"routes show", "", 0, 0, false, true, sub_routes_show, "The tree of routes that is in force, or that of a file.", NULL, {{"--file", "FILE", "This alerting file instead of the daemon's"}}},
	{"rule test",
	 "<command line>",
	 1,
	 1,
	 false,
	 false,
	 sub_rule_test,
	 "What would be decided of a command, and what each access rule says of it; runs nothing.",
	 "The exit code is 1 if it would be refused. The line is one word: opsroom rule test \"deploy start web --env=prod\" --as ann --in '#ops'",
	 {{"--as", "USER", "As somebody else (admins)"}, {"--in", "CHANNEL", "As if it was said there; otherwise nowhere"}}},
	{"rule check",
	 "<file>",
	 1,
	 1,
	 false,
	 true,
	 sub_rule_check,
	 "Check an access file, and list which calls of the last 30 days it would decide otherwise.",
	 "A wrong file is said with its line, and the exit code is 2. What would change is asked of the daemon, if one can be found and one is its admin; it counts as changed when "
	 "a call is allowed or refused otherwise, or asks for other things first. <file> - is standard input.",
	 {{"--offline", NULL, "Ask no daemon"}}},
	{"import alertmanager",
	 "<file>",
	 1,
	 1,
	 false,
	 true,
	 sub_import_alertmanager,
	 "Print an alertmanager.yml as an alerting file of opsroom.",
	 "Routes, inhibition and time intervals are carried over as they stand; a receiver gets the channel of its first slack_configs. What "
	 "cannot be carried over is listed on standard error with its lines, and marked with \"# opsroom:\" in what is printed. The exit code is "
	 "0 if all of it was carried over, 1 if something was left out, 2 if the file is wrong. Secrets are not printed. <file> - is standard input. "
	 "opsroomd --check --alerting FILE checks the result.",
	 {{"--channel", "NAME", "For receivers without a channel of Slack, sre-alerts otherwise"}}},
	{"plugin new",
	 "<name>",
	 1,
	 1,
	 false,
	 true,
	 sub_plugin_new,
	 "Make a plugin that works: two commands, its program and a test.",
	 NULL,
	 {{"--lang", "LANG", "sh (the default), python or node"}, {"--dir", "DIR", "The folder to make, ./NAME otherwise"}}},
	{"plugin check", "<folder>", 1, 1, false, true, sub_plugin_check, "Read a plugin as opsroomd would: manifest, examples, rules, files.",
	 "The exit code is 0 if it can be installed, else that of the error, which names file, line and place. With --run it is 1 if an example ended otherwise than with 0 or 3.",
	 {{"--run", NULL, "Run the examples in the sandbox: those that only read, and the others with --dry-run"}}},
	{"plugin install", "<folder>", 1, 1, false, true, sub_plugin_install, "Copy a plugin to the daemon's folder of plugins, as this version; it is not enabled by that.",
	 "The daemon is asked where that is, and the copy is made by you: on its machine, as somebody who may write there.",
	 {{"--plugins", "DIR", "To this folder instead"}}},
	{"plugin list", "", 0, 0, false, true, sub_plugin_list, "The plugins with their versions: what is enabled, what is in force, what is wrong.", NULL,
	 {{"--plugins", "DIR", "Look at this folder instead of asking the daemon"}}},
	{"plugin enable", "<name> [<version>]", 1, 2, false, true, sub_plugin_enable, "Put a version in force, the newest if none is named (admins).",
	 "What its files are now is pinned: if they change it does not run until it is enabled again.",
	 {{"--plugins", "DIR", "This folder (plugins_dir), past the daemon: not audited, in force after SIGHUP"}}},
	{"plugin disable", "<name>", 1, 1, false, true, sub_plugin_disable, "Take a plugin's commands away (admins).", NULL,
	 {{"--plugins", "DIR", "This folder (plugins_dir), past the daemon: not audited, in force after SIGHUP"}}},
	{"plugin rollback", "<name>", 1, 1, false, true, sub_plugin_rollback, "Go back to the version that was enabled before (admins).", NULL,
	 {{"--plugins", "DIR", "This folder (plugins_dir), past the daemon: not audited, in force after SIGHUP"}}},
	{"demo",
	 "",
	 0,
	 0,
	 false,
	 false,
	 sub_demo,
	 "Play a short story with real alerts, to see how it all looks (admins).",
	 "Makes a source named demo for the channel sre-alerts and sends it what an Alertmanager would: an alert "
	 "fires, two more "
	 "join, and it resolves when you press Enter or after a while.",
	 {{"--fast", NULL, "Do not wait between the steps"}, {"--channel", "NAME", "Another channel than sre-alerts"}}},
	{"version", "", 0, 0, false, true, sub_version, "Print the version.", NULL, {{0}}},
	{"help", "[<command>]", 0, 2, false, true, sub_help, "Help, also for one command.", NULL, {{0}}},
	{0},
};

const char *option(const struct cli *c, const char *name)
{
	for (size_t i = 0; i < CLI_OPTIONS && c->sub->options[i].name; i++)
		if (strcmp(c->sub->options[i].name, name) == 0)
			return c->values[i];
	return NULL;
}

struct str joined_args(struct cli *c, unsigned from)
{
	struct str s = {"", 0};

	for (unsigned i = from; i < c->arg_count; i++)
		s = i == from ? str_of(c->args[i]) : arena_printf(&c->arena, STR_FMT " %s", STR_ARG(s), c->args[i]);
	return s;
}

const struct subcommand *subcommand_find(const char *first, const char *second, int *used)
{
	for (const struct subcommand *s = subcommands; s->name; s++) {
		struct str head, tail = str_cut(str_of(s->name), ' ', &head);

		*used = tail.n ? 2 : 1;
		if (str_is(head, first) && (!tail.n || (second && str_is(tail, second))))
			return s;
	}
	return NULL;
}

static void unknown_command(const char *word, struct err *err)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (const struct subcommand *s = subcommands; s->name; s++) {
		struct str head, tail = str_cut(str_of(s->name), ' ', &head);
		unsigned d = str_distance(head, str_of(word));

		if (d == 0) {
			err_set(err, ERR_INVALID, "'%s' asks for a second word; see: opsroom help %s", word, word);
			return;
		}
		if (d < best) {
			best = d;
			nearest = tail.n ? NULL : s->name;
		}
	}
	if (nearest)
		err_set(err, ERR_INVALID, "there is no command '%.100s'; did you mean '%s'?", word, nearest);
	else
		err_set(err, ERR_INVALID, "there is no command '%.100s'; see: opsroom help", word);
}

const char **cli_global(struct cli *c, const char *name)
{
	if (strcmp(name, "--url") == 0)
		return &c->url_flag;
	if (strcmp(name, "--token") == 0)
		return &c->token_flag;
	if (strcmp(name, "--data") == 0)
		return &c->data_flag;
	return strcmp(name, "--ca") == 0 ? &c->ca_file : NULL;
}

/* Where the value of an option belongs; NULL and *err: there is no such one. *is_switch: it takes no value. */
static const char **option_place(struct cli *c, const char *name, bool *is_switch, struct err *err)
{
	const char **place = cli_global(c, name);

	*is_switch = false;
	for (size_t i = 0; !place && c->sub && i < CLI_OPTIONS && c->sub->options[i].name; i++)
		if (strcmp(c->sub->options[i].name, name) == 0) {
			*is_switch = !c->sub->options[i].value;
			return &c->values[i];
		}
	if (!place)
		err_set(err, ERR_INVALID, "%s has no option '%.100s'", c->sub ? c->sub->name : "opsroom", name);
	return place;
}

static bool is_many(const struct cli *c, const char *name)
{
	for (size_t i = 0; c->sub && i < CLI_OPTIONS && c->sub->options[i].name; i++)
		if (strcmp(c->sub->options[i].name, name) == 0)
			return c->sub->options[i].many;
	return false;
}

/* argv[*i] is an option: "--name value", "--name=value" or a switch. */
static bool take_option(struct cli *c, char **argv, int *i, struct err *err)
{
	struct str name, value = str_cut(str_of(argv[*i]), '=', &name);
	const char **place;
	bool is_switch, has_value = name.n < strlen(argv[*i]);

	if (str_is(str_of(argv[*i]), "--json")) {
		c->json = true;
		return true;
	}
	place = option_place(c, arena_dup(&c->arena, name).p, &is_switch, err);
	if (!place)
		return false;
	if (is_switch && has_value) {
		err_set(err, ERR_INVALID, STR_FMT " takes no value", STR_ARG(name));
		return false;
	}
	if (is_switch) {
		*place = "";
		return true;
	}
	if (!has_value && !argv[*i + 1]) {
		err_set(err, ERR_INVALID, STR_FMT " asks for a value", STR_ARG(name));
		return false;
	}
	const char *given = has_value ? value.p : argv[++*i];
	*place = *place && is_many(c, arena_dup(&c->arena, name).p) ? arena_printf(&c->arena, "%s\n%s", *place, given).p : given;
	return true;
}

/* "--help", "--man" and the like, which stand for a subcommand. true: done. */
static bool is_special(struct cli *c, const char *word, const char *next)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		if (c->sub)
			print_sub_help(stdout, c->sub);
		else
			print_help(stdout, c);
	} else if (strcmp(word, "--version") == 0) {
		sub_version(c, NULL);
	} else if (strcmp(word, "--man") == 0) {
		print_man(stdout);
	} else if (strcmp(word, "--completion") == 0) {
		print_completion(stdout, next && strcmp(next, "zsh") == 0);
	} else {
		return false;
	}
	return true;
}

static bool take_argument(struct cli *c, const char *word, struct err *err)
{
	if (c->arg_count == COUNT_OF(c->args) - 1) {
		err_set(err, ERR_TOO_MANY, "too many arguments");
		return false;
	}
	c->args[c->arg_count++] = word;
	return true;
}

/* *done: it was a question like --help, answered already. */
static bool read_command_line(struct cli *c, int argc, char **argv, bool *done, struct err *err)
{
	bool options = true;

	*done = false;
	for (int i = 1; i < argc; i++) {
		int used;

		if (options && strcmp(argv[i], "--") == 0 && c->sub) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			*done = is_special(c, argv[i], argv[i + 1]);
			if (*done)
				return true;
			if (!take_option(c, argv, &i, err))
				return false;
		} else if (!c->sub) {
			c->sub = subcommand_find(argv[i], argv[i + 1], &used);
			if (!c->sub) {
				unknown_command(argv[i], err);
				return false;
			}
			i += used - 1;
		} else {
			options = options && !c->sub->takes_text;
			if (!take_argument(c, argv[i], err))
				return false;
		}
	}
	return true;
}

static bool check_arguments(struct cli *c, struct err *err)
{
	if (c->arg_count >= c->sub->min && c->arg_count <= c->sub->max)
		return true;
	err_set(err, ERR_INVALID, "usage: opsroom %s%s%s", c->sub->name, c->sub->arguments[0] ? " " : "",
		c->sub->arguments);
	return false;
}

static bool run(struct cli *c, int argc, char **argv, struct err *err)
{
	bool done;

	if (argc > 2 && strcmp(argv[1], "--complete") == 0) { /* for the shells: what follows is no line of ours */
		print_proposals(c, argc - 2, argv + 2);
		return true;
	}
	if (!read_command_line(c, argc, argv, &done, err))
		return false;
	if (done)
		return true;
	if (!c->sub) {
		print_help(stderr, c);
		err_set(err, ERR_INVALID, "which command?");
		return false;
	}
	if (c->ca_file)
		setenv("CURL_CA_BUNDLE", c->ca_file, 1);
	return check_arguments(c, err) && (c->sub->offline || config_find(c, err)) && c->sub->run(c, err);
}

bool sub_version(struct cli *c, struct err *err)
{
	(void)err;
	if (c->json)
		printf("{\"version\":\"" OPSROOM_VERSION "\"}\n");
	else
		printf("opsroom " OPSROOM_VERSION "\n");
	return true;
}

bool sub_help(struct cli *c, struct err *err)
{
	const struct subcommand *s = NULL;
	bool any = false;

	if (!c->arg_count) {
		print_help(stdout, c);
		return true;
	}
	for (s = subcommands; s->name; s++) {
		struct str head, tail = str_cut(str_of(s->name), ' ', &head);

		if (str_is(head, c->args[0]) && (c->arg_count == 1 || str_is(tail, c->args[1]))) {
			print_sub_help(stdout, s);
			any = true;
		}
	}
	if (!any)
		unknown_command(c->args[0], err);
	return any;
}

int main(int argc, char **argv)
{
	static struct cli c;
	struct err err = {0};
	bool ok;

	if (argc == 2 && strcmp(argv[1], RUNNER_ARGUMENT) == 0)
		return runner_main(); /* of `plugin check --run` */
	setlocale(LC_CTYPE, "");
	arena_init(&c.arena);
	c.colour = isatty(STDOUT_FILENO) && !(getenv("NO_COLOR") && *getenv("NO_COLOR")) &&
		   strcmp(getenv("TERM") ? getenv("TERM") : "dumb", "dumb") != 0;
	ok = crypt_start(&err) && run(&c, argc, argv, &err);
	if (ok && (fflush(stdout) != 0 || ferror(stdout))) {
		err_set(&err, ERR_FULL, "the output cannot be written");
		ok = false;
	}
	if (!ok)
		fprintf(stderr, "opsroom: " STR_FMT "\n", STR_ARG(safe_line(&c.arena, str_of(err.text))));
	arena_done(&c.arena);
	return ok ? c.exit_code : err_info(err.code ? err.code : ERR_INTERNAL)->exit_code;
}
