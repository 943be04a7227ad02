/* commands/command.h -- the one way to act: every surface hands a line to command_run(), and one table answers.
 *
 * A line is read by the grammar (ops/grammar.h), checked against the access rules (ops/access.h), held back if somebody has to say yes
 * first, run, and written into the audit trail, all in the caller's work item. Refusals are answered and audited too.
 */
#pragma once
#include "base/json.h"
#include "engine/audit.h"
#include "engine/engine.h"
#include "ops/access.h"
#include "ops/grammar.h"

/* Who asks, from where. */
struct caller {
	const struct user *user;
	enum scope scope;     /* what the token allows at most */
	const char *via;      /* "slash", "mention", "button", "cli", "api", "console", "schedule", "plugin", "plugin button": for the audit */
	struct str plan;      /* "P-3": as which it was planned; "": it was not */
	bool confirmed;       /* its yes was given when it was planned */
	enum line_kind kind;  /* how the line is written */
	int64_t channel_id;   /* where it was said; 0: nowhere */
	int64_t thread_ts;    /* in which thread; 0: in none */
	struct str remote;    /* address */
	wall_ms mfa_at;       /* when the person last gave a second factor; 0: never */
};

struct call {
	struct work *work;
	const struct caller *caller;
	const struct command *command; /* NULL: it is a plugin's */
	struct typed_call typed;
	struct verdict verdict;        /* what the rules said */
	struct str raw;                /* the line as it was typed */
	struct str alias;              /* it began with this one; "": with none */
	struct str digest;             /* of the plugin whose it is; "" for ours */
	const struct held *held;       /* the request that was approved, or the glass that was broken; NULL: nothing had to be asked */
	struct str rows;               /* what came down the pipe, a JSON list; p NULL: nothing did */
	struct str then;               /* what stands behind it in the pipe; "": nothing */
	struct buf text;      /* the answer, mrkdwn */
	struct buf data;      /* the answer as JSON, "" if there is none */
	bool in_channel;      /* for all to see; otherwise only for who asked */
	bool privately;       /* for who asked alone, also where it was said aloud: it is long */
	bool waits;           /* nothing ran: it waits for a yes */
	bool told;            /* a message of its own says so: where it was said aloud nothing more need be */
	bool runs_on;         /* a program was started; its end is told later */
	struct str waiting;   /* "A-17": as which it waits */
	struct str planned;   /* "P-3": nothing ran, as this it will */
	struct str run;       /* "R-12": as which it runs */
	int64_t home_id;      /* whose decision it was: the audit's chain */
	struct err err;
};

/* The values of a call, by the names in its usage. */
bool call_given(const struct call *call, const char *name);
struct str call_text(const struct call *call, const char *name);                        /* "" if it is not given */
int64_t call_number(const struct call *call, const char *name, int64_t otherwise);     /* int; span and time in ms; user and channel: their id */
size_t call_texts(const struct call *call, const char *name, struct str **out);        /* of <x*>; in the work's arena */
/* "<@U…>" of who asks, for answers. */
struct str call_who(const struct call *call);

struct command {
	const char *name, *usage;
	enum role needs;
	enum risk risk;
	bool (*run)(struct call *call); /* false: call->err */
	const char *example, *help;
};
extern const struct command commands[];
extern const size_t command_count;

struct command_result {
	bool ok;
	struct str text, data; /* in the work's arena */
	bool in_channel, privately, waits, told, runs_on; /* as in struct call */
	bool changes;          /* it is a command that does more than read: a token needs the scope write for it */
	struct str planned;    /* "P-3": it runs later */
	struct err err;        /* why not; text is then made from it */
};
/* Runs one line. false only if the store failed: the item must fail. */
MUST_USE bool command_run(struct work *w, const struct caller *caller, struct str line, struct command_result *out);

/* One canonical line of a request that was approved. */
struct held;
MUST_USE bool command_run_held(struct work *w, const struct caller *caller, const struct held *held, struct str line, struct command_result *out);
/* What stands behind a program in its line, with what came of that: its rows, a JSON list, and what its message shows. */
struct ran {
	struct str rows, shown;
};
MUST_USE bool command_run_then(struct work *w, const struct caller *caller, const struct ran *ran, struct str then, struct command_result *out);
/* What waits in the outbox to be run: said as a message, or approved. For engine->run_row. */
MUST_USE bool command_run_row(struct work *w, struct str kind, int64_t home_id, struct str payload, struct err *err);

/* Who asks, as the access rules see it. */
void caller_facts(struct work *w, const struct caller *caller, struct access_facts *out);
/* By account, or as the access file grants it. */
bool caller_has_role(struct work *w, const struct caller *caller, struct str role);
/* How the grammar finds people and channels for who asks. */
struct bind_names caller_names(struct work *w, const struct caller *caller);
/* May they run it at all, here? For help and completion. */
bool caller_could(struct work *w, const struct caller *caller, const struct command_spec *spec);

/* Does the line begin with a command's words? For what is said behind a !, which may be no command at all. */
bool command_is_there(struct work *w, struct str line);
/* The first word of what people type before a line: "/srebot", "/ops". */
bool command_is_prefix(struct str word);
extern const char *const command_prefixes[];
extern const size_t command_prefix_count;
