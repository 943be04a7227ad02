/* ops/plugin_output.h -- what a program says, read line by line: what people see, what goes on down the pipe, how it ended.
 *
 * Plain text unless its first line is exactly `opsroom/1`; then each line that follows is one event, a JSON object:
 *
 *     {"text":"..."}                             shown; *bold*, _italic_ and `code` work, links and mentions do not
 *     {"table":{"cols":[...],"rows":[[...]]}}    shown as a table; each row is also one for the pipe
 *     {"row":{...}}                              for the pipe
 *     {"progress":{"pct":40,"msg":"..."}}        replaces the one before
 *     {"link":{"url":"https://...","title":"..."}}
 *     {"file":{"name":"...","text":"..."}}       up to 48 KiB, text
 *     {"log":{"level":"info","msg":"..."}}       for the run's log alone
 *     {"note":"..."}                             for the incident's timeline
 *     {"button":{"label":"...","command":"..."}} what it runs is asked of the rules like any other
 *     {"set":{"key":"...","value":...}}          the plugin's memory
 *     {"error":{"code":"...","hint":"..."}}      what went wrong, in its own words
 *
 * A line that is no such object is shown as text, and counted. What could drive a terminal or hide text (escape sequences, control
 * characters, bidirectional overrides) is taken out; bytes that are no UTF-8 become U+FFFD. Nothing here fails: past a limit the rest is left
 * out, and what is shown says so.
 */
#pragma once
#include "base/json.h"

#define OUTPUT_LINE_MAX (64 * KIB)
#define OUTPUT_SHOWN_MAX (256 * KIB)
#define OUTPUT_ROWS_MAX 10000
#define OUTPUT_ROWS_BYTES (4 * MIB)
#define OUTPUT_BUTTONS_MAX 10

enum output_kind {
	OUTPUT_NOTHING,  /* the first line, an empty line, what was over a limit */
	OUTPUT_TEXT, OUTPUT_TABLE, OUTPUT_ROW, OUTPUT_PROGRESS, OUTPUT_LINK, OUTPUT_BUTTON, OUTPUT_ERROR, /* is in struct plugin_output */
	OUTPUT_FILE, OUTPUT_LOG, OUTPUT_NOTE, OUTPUT_SET, /* for the caller to carry out */
};

struct output_event {
	enum output_kind kind;
	struct str line;         /* as it may be logged: cleaned, up to 64 KiB */
	struct str name, text;   /* FILE: both; LOG: level, text; NOTE: text; SET: key, value as JSON */
};

struct output_button {
	struct str label, command;
};

struct plugin_output {
	struct arena arena;      /* for as long as it lives */
	struct arena line;       /* for the line that is read */
	struct str now;          /* that line */
	bool began, events;      /* a line came; the first was opsroom/1 */
	bool cut;                /* what is shown is not all */
	struct buf shown;        /* mrkdwn */
	struct buf rows;         /* JSON list without its brackets */
	size_t row_count;
	int percent;             /* -1: unknown */
	char progress[208];
	struct output_button buttons[OUTPUT_BUTTONS_MAX];
	size_t button_count;
	struct str error_code, error_hint;
	bool failed;             /* it said error */
	size_t odd_lines;        /* that were no event */
};

void plugin_output_init(struct plugin_output *o);
void plugin_output_done(struct plugin_output *o);
/* One line of stdout without its line feed. *out is valid until the next call. */
void plugin_output_line(struct plugin_output *o, struct str line, struct output_event *out);
/* serve: one event, without opsroom/1 before it. */
void plugin_output_event(struct plugin_output *o, struct str json, struct output_event *out);
/* What the message shows, mrkdwn; in the arena given. Complete at any time, so that it can be shown while the program runs. */
struct str plugin_output_text(const struct plugin_output *o, struct arena *a);
struct str plugin_output_rows(const struct plugin_output *o, struct arena *a); /* a JSON list */
/* Text of others without what could drive a terminal or hide text; one line. */
struct str output_clean(struct arena *a, struct str s);

/* ---- how it ended ---- */

struct plugin_exit {
	int code;         /* -1: 128 + n; -2: any other */
	const char *name; /* for the audit and JSON: "failed" */
	bool ok;          /* nothing went wrong */
	bool again;       /* try later: if the command is idempotent, by itself */
	bool started;     /* the program ran */
	const char *words; /* for people, behind "`deploy start` ": "failed", "did nothing: there was nothing to do" */
};
const struct plugin_exit *plugin_exit_find(int code);
/* A sentence: "`deploy start` failed (exit code 1)". */
struct str plugin_exit_say(struct arena *a, struct str words, int code);
