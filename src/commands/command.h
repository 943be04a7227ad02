/* commands/command.h -- the one way to act: every surface hands a line to command_run(), and one table answers.
 *
 * A command is parsed, checked against its row's role, run, and written into the audit trail, all in the caller's work item.
 * Refusals are answered and audited too.
 */
#pragma once
#include "base/json.h"
#include "commands/line.h"
#include "engine/engine.h"

/* Who asks, from where. */
struct caller {
	const struct user *user;
	enum scope scope;     /* what the token allows at most */
	const char *via;      /* "slash", "mention", "button", "cli", "api": for the audit */
	int64_t channel_id;   /* where it was said; 0: nowhere */
	int64_t thread_ts;    /* in which thread; 0: in none */
	struct str remote;    /* address */
};

struct call {
	struct work *work;
	const struct caller *caller;
	struct line line;     /* words[0] is the command */
	struct str rest;      /* what follows the command, as it was typed: for those that take a language of their own */
	struct buf text;      /* the answer, mrkdwn */
	struct buf data;      /* the answer as JSON, "" if there is none */
	bool in_channel;      /* for all to see; otherwise only for who asked */
	int64_t home_id;      /* whose decision it was: the audit's chain */
	struct err err;
};

struct command {
	const char *name, *args; /* <x> must be there, [x] may; <x...>: any number of words */
	enum role needs;
	bool (*run)(struct call *call); /* false: call->err */
	const char *help;
};
extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(struct str name);

struct command_result {
	bool ok;
	struct str text, data; /* in the work's arena */
	bool in_channel;
	struct err err;        /* why not; text is then made from it */
};
/* Runs one line. false only if the store failed: the item must fail. */
MUST_USE bool command_run(struct work *w, const struct caller *caller, struct str line, struct command_result *out);
/* The first word of what people type before a line: "/srebot", "/ops". */
bool command_is_prefix(struct str word);
extern const char *const command_prefixes[];
extern const size_t command_prefix_count;

/* Audit of what is no command: logins, tokens, provisioning. detail is a JSON object. */
MUST_USE bool audit_note(struct work *w, int64_t home_id, int64_t actor_id, const char *action, const char *via, struct str detail, const char *result, struct err *err);
