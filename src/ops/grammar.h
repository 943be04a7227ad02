/* ops/grammar.h -- the command line as people type it: words, pipes, options, and their reading by type.
 *
 *     line  = call { "|" call } [ ">" dest | "*>" dest { dest } ]
 *     call  = [ plugin ":" ] word { word } { arg }          the longest known path of words is the command
 *     arg   = "--" | "--name" | "--no-name" | "--name=" value | "--name" value | "-n" [value] | name "=" value | value
 *     value = bare | "..." with \" \\ \n \t | '...' as it is | $field of a pipe's row | ```code``` as the last
 *
 * Options stand anywhere before "--". | > and *> count only where they stand alone. ' opens a quote only where a value begins, so that
 * don't is a word. What phones and chat clients make of what was typed is repaired first: no-break spaces, typographic quotes, a dash
 * for --. One line is one command or none.
 *
 * Everything is put into the caller's arena. Errors are ERR_INVALID or ERR_TOO_BIG, with line->fault_at where it is known.
 */
#pragma once
#include "ops/command_spec.h"

#define LINE_MAX_BYTES 4000
#define LINE_MAX_WORDS 256
#define STAGES_MAX 8
#define DESTS_MAX 4

struct word {
	struct str text;     /* without its quotes */
	size_t at, end;      /* where it stands in line->text */
	bool quoted;         /* it begins with a quote: no option, no pipe, no field */
};

struct line {
	struct str text;     /* repaired */
	struct word *tokens;
	size_t count;
	size_t fault_at;     /* of an error; SIZE_MAX: nowhere */
};

enum line_kind {
	LINE_TYPED,     /* by a person, in plain text */
	LINE_CHAT,      /* the same from a chat message, where & < > are escaped and links, channels and people are marked up (ops/text.h) */
	LINE_CANONICAL, /* written by call_bind(): there is nothing to repair */
};
MUST_USE bool line_read(struct arena *a, struct str raw, enum line_kind kind, struct line *out, struct err *err);
/* Two lines of text: the line and a caret under the fault; "" if it is nowhere. */
struct str line_point(struct arena *a, const struct line *line);
/* A value so that it is read back as itself, in quotes where it must. */
void line_write_value(struct buf *b, struct str value);
/* A word that somebody else has cut, a shell: --name=value stays an option, | > *> stay what they are, all else is a value. */
void line_write_word(struct buf *b, struct str word);

struct stage {
	const struct word *tokens;
	size_t count;
};
struct pipeline {
	struct stage stages[STAGES_MAX];
	size_t count;        /* 0: the line is empty */
	struct str dests[DESTS_MAX]; /* "#ops", "@ann", "here", "me", "incident" */
	size_t dest_count;
};
MUST_USE bool line_split(struct line *line, struct pipeline *out, struct err *err);

/* ---- the commands there are: immutable, swapped as a whole ---- */
struct command_set;
struct command_set *command_set_new(void);
void command_set_free(struct command_set *set); /* NULL is fine */
struct arena *command_set_arena(struct command_set *set); /* for what its specs are made of */
/* ERR_CONFLICT: ours has these words, or the same plugin. */
MUST_USE bool command_set_add(struct command_set *set, const struct command_spec *spec, struct err *err);
size_t command_set_count(const struct command_set *set);
const struct command_spec *command_set_at(const struct command_set *set, size_t i); /* in the order in which they were added */

struct command_found {
	const struct command_spec *spec; /* NULL: none, or several */
	size_t words;                    /* how many tokens name it */
	const struct command_spec *others[4]; /* several plugins have it: all, for the answer */
	size_t other_count;
};
void command_set_find(const struct command_set *set, const struct word *tokens, size_t count, struct command_found *out);
/* By "silence" or "deploy start" or "deploy:start"; NULL: none or several. */
const struct command_spec *command_set_named(const struct command_set *set, struct str words);

/* ---- binding ---- */
struct bind_names {          /* how texts become people and channels */
	bool (*user)(void *context, struct str ref, struct value *out, struct err *err);    /* ann, @ann, <@U1> */
	bool (*channel)(void *context, struct str ref, struct value *out, struct err *err); /* ops, #ops, <#C1> */
	void *context;
	wall_ms now;         /* for times from now */
};
/* tokens: those behind the command's words. Every option and value is read; what is missing is an error with the usage, unless --help stands there. */
MUST_USE bool call_bind(struct arena *a, const struct command_spec *spec, const struct word *tokens, size_t count, const struct bind_names *names, struct line *line,
			struct typed_call *out, struct err *err);

/* What every command takes, from 0; false: there are no more. Without help: it is taken, but not proposed. */
bool line_flag(size_t i, struct param *out);

/* The nearest of the candidates, at most two changes away (one, of a short word): did you mean. "" if none is. */
struct str nearest_word(struct str word, const struct str *candidates, size_t count);

/* An alias's text with what followed its name: $1 to $9, $@, ${2:-x}. A value is a value, whatever stands in it. What no $ took
 * is put behind. */
MUST_USE bool alias_expand(struct arena *a, struct str text, const struct word *args, size_t count, struct str *out, struct err *err);
