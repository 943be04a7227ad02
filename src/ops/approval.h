/* ops/approval.h -- a call that waits for somebody's yes: the requester's own (a confirmation) or that of others (an approval).
 *
 * Rules only. What is held is frozen: the canonical text of the calls, whose hash stands for them. Who may approve is said by the
 * needs, which come from the access rules; they are asked again at every vote and once more when it runs.
 */
#pragma once
#include "ops/access.h"

enum held_kind { HELD_CONFIRM = 1, HELD_APPROVAL, HELD_BREAK_GLASS };
enum held_state { HELD_PENDING = 1, HELD_APPROVED, HELD_RUNNING, HELD_DONE, HELD_FAILED, HELD_DENIED, HELD_EXPIRED, HELD_CANCELLED, HELD_SUPERSEDED, HELD_REVIEWED };
enum held_event { HELD_ON_QUORUM = 1, HELD_ON_DENY, HELD_ON_EXPIRE, HELD_ON_CANCEL, HELD_ON_SUPERSEDE, HELD_ON_RUN, HELD_ON_DONE, HELD_ON_FAIL, HELD_ON_REVIEW };
const char *held_state_name(enum held_state s);
bool held_state_parse(struct str text, enum held_state *out);

#define HELD_CONFIRM_FOR (2 * MINUTE)
#define HELD_APPROVAL_FOR (30 * MINUTE) /* where no rule says within */
#define HELD_PREVIEW_MAX 2500
#define HELD_NEEDS_MAX 8

struct held {
	int64_t id, workspace_id; /* id: its home */
	struct str code;         /* "A-17", "K7QX" */
	enum held_kind kind;
	enum held_state state;
	int64_t user_id;         /* who asked */
	int64_t channel_id, thread_ts;
	struct str via;
	int scope;               /* enum scope */
	struct str line;         /* as it was typed */
	struct str calls;        /* canonical, one a line */
	struct str hash;         /* SHA-256 of them, hex */
	struct str reason, rule; /* "" : none */
	struct str preview;      /* what a dry run said */
	struct str approvers;    /* "<@U1> <@U2>": who might approve when it was asked, for people to see */
	struct str needs;        /* JSON: held_write_needs() */
	wall_ms created, expires, decided, valid_until;
	int64_t decided_by;
	struct str why;          /* of a refusal, or why it could not run */
	struct str outcome;      /* what it answered */
};

struct held_vote {
	int64_t user_id;
	wall_ms at;
	int64_t needs;           /* bit i: it counts for need i */
	struct str note;
};

/* ERR_CONFLICT with a sentence: "A-17 is approved already". */
MUST_USE bool held_next(const struct held *h, enum held_event event, enum held_state *next, struct err *err);

/* {"confirm":true,"approvals":[{"n":1,"sets":["group:release"],...}]} */
void held_write_needs(struct json_out *o, const struct access_need *needs, size_t count, bool confirmed);
MUST_USE bool held_read_needs(struct arena *a, const struct held *h, struct access_need *out, size_t *count, bool *confirmed, struct err *err);
/* How many are missing, over all needs; 0: it may run. Each person counts once a need. */
unsigned held_missing(const struct access_need *needs, size_t count, const struct held_vote *votes, size_t vote_count);
/* "group:release or role:operator" */
struct str need_sets_text(struct arena *a, const struct access_need *need);
