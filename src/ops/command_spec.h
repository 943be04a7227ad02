/* ops/command_spec.h -- what a command takes, and one call of it with every value read by its type.
 *
 * A spec is made from a row of commands.def or from a plugin's manifest. A typed call is what everything after the grammar
 * speaks of: access rules, approvals, plugins, the audit. Word order, aliases, quotes and defaults are gone from it, so two
 * lines that do the same have the same typed call and the same canonical text.
 *
 * Nothing here allocates but in the caller's arena; nothing is owned.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"

#define PARAMS_MAX 32
#define PATH_WORDS_MAX 3

enum param_type {
	PARAM_TEXT,    /* any */
	PARAM_INT,
	PARAM_REAL,
	PARAM_BOOL,    /* an option without a value: --force, --no-force */
	PARAM_SPAN,    /* 60m, 2h, 1d: a bare number is none, so that it cannot be mistaken for an id */
	PARAM_TIME,    /* RFC 3339, or a span from now */
	PARAM_USER,    /* @ann; the text is the user's name without @ */
	PARAM_CHANNEL, /* #ops; the text is the channel's name without # */
	PARAM_ALERT,   /* an alert's id or title; the command finds it */
	PARAM_INCIDENT, /* INC-12 */
	PARAM_CHOICE,  /* one of choices */
};
const char *param_type_name(enum param_type type);

struct param {
	struct str name;
	enum param_type type;
	struct str *choices;
	size_t choice_count;
	struct str fallback; /* the default, as it would be typed; p NULL: none */
	struct str help;
	char letter;         /* -e; 0: none */
	bool option;         /* --name; else it is known by its place */
	bool required;
	bool rest;           /* the last by place: all that follows, as it was typed */
	bool repeat;         /* any number of values */
};

enum risk { RISK_READ, RISK_CHANGE, RISK_DANGER };
const char *risk_name(enum risk risk);
bool risk_parse(struct str s, enum risk *out);

struct command_spec {
	struct str plugin;  /* "core": ours */
	struct str words;   /* what people type: "deploy start", lower case, one blank between words */
	struct str path;    /* the same without the plugin's own name: "start"; rules speak of deploy:start */
	struct str summary; /* a sentence */
	struct str usage;   /* "<what> <how-long> [comment...] [--dry-run]": for people */
	struct param *params;
	size_t param_count; /* those by place first, in their order; then options */
	enum risk risk;
	bool dry_run;       /* it can say what it would do */
	bool idempotent;
	struct str lock;    /* whose lock it respects (ops/lock.h): the parameter whose value is the target, or a target itself; "": its parameter target */
	struct str *examples;
	size_t example_count;
	const void *runs;   /* whose it is: of the room that carries it out */
};

/* The params of a usage text: <x> must be there, [x] may, <x...> and [x...] take the rest of the line as it was typed, <x*> and [x*]
 * any number of values, [--x] and [--x=TYPE] and [-e|--env=TYPE] are options. A TYPE follows a colon at a place (<x:span>), the equals sign at
 * an option: a name of param_type_name(), or choices (dev|prod). [--dry-run] is no param, it sets spec->dry_run.
 * Fills params, param_count, dry_run, and usage as people read it. ERR_INVALID. */
MUST_USE bool spec_read_usage(struct arena *a, struct str text, struct command_spec *spec, struct err *err);
/* usage from the params, for those that were not made from one. */
void spec_write_usage(struct arena *a, struct command_spec *spec);
/* Splits `words` off into plugin-less path: fills path. */
void spec_set_words(struct arena *a, struct command_spec *spec, struct str words);
bool param_type_parse(struct str s, enum param_type *out);
/* What the grammar can bind: places in a sensible order, one rest, unique names and letters, no flag's name, defaults of their type. */
MUST_USE bool spec_check(const struct command_spec *spec, struct err *err);

/* A name of what every command takes: --reason, --at. */
bool spec_is_flag(struct str name);

struct value {
	struct str text;     /* canonical: a user's name, "90m", "true" */
	int64_t number;      /* INT; SPAN and TIME in ms; BOOL 0 or 1; USER and CHANNEL their id */
	double real;         /* REAL, and INT */
};

struct bound_param {     /* at the place of its param in the spec */
	struct value *values;
	size_t count;        /* 0: not given and no default */
	bool defaulted;
};

/* What every command takes. */
struct call_flags {
	bool help, dry_run, explain, json, break_glass;
	struct str reason, incident; /* "" : not said */
	wall_ms at;          /* 0: now */
	span_ms every;       /* 0: once */
	span_ms timeout;     /* 0: the command's own */
};

struct typed_call {
	const struct command_spec *spec;
	struct bound_param *params; /* spec->param_count of them */
	struct call_flags flags;
	struct str canonical; /* plugin:path --option=value ... -- places; of flags only those that change what it does (--dry-run) */
};

/* By name; NULL: there is none, or it has no value. */
const struct bound_param *call_param(const struct typed_call *call, const char *name, const struct param **param);
