#include "ops/approval.h"

static const char *const state_names[] = {
	[HELD_PENDING] = "pending", [HELD_APPROVED] = "approved", [HELD_RUNNING] = "running",     [HELD_DONE] = "done",             [HELD_FAILED] = "failed",
	[HELD_DENIED] = "denied",   [HELD_EXPIRED] = "expired",   [HELD_CANCELLED] = "cancelled", [HELD_SUPERSEDED] = "superseded", [HELD_REVIEWED] = "reviewed",
};

const char *held_state_name(enum held_state s)
{
	return state_names[s];
}

bool held_state_parse(struct str text, enum held_state *out)
{
	for (size_t i = HELD_PENDING; i < COUNT_OF(state_names); i++)
		if (str_is(text, state_names[i])) {
			*out = (enum held_state)i;
			return true;
		}
	return false;
}

static const struct {
	enum held_state from;
	enum held_event event;
	enum held_state to;
} rules[] = {
	{HELD_PENDING, HELD_ON_QUORUM, HELD_APPROVED},
	{HELD_PENDING, HELD_ON_DENY, HELD_DENIED},
	{HELD_PENDING, HELD_ON_EXPIRE, HELD_EXPIRED},
	{HELD_PENDING, HELD_ON_CANCEL, HELD_CANCELLED},
	{HELD_PENDING, HELD_ON_SUPERSEDE, HELD_SUPERSEDED},
	{HELD_APPROVED, HELD_ON_RUN, HELD_RUNNING},
	{HELD_APPROVED, HELD_ON_FAIL, HELD_FAILED}, /* the right is gone, or the command is another by now */
	{HELD_RUNNING, HELD_ON_DONE, HELD_DONE},
	{HELD_RUNNING, HELD_ON_FAIL, HELD_FAILED},
	{HELD_DONE, HELD_ON_REVIEW, HELD_REVIEWED}, /* of a break glass */
	{HELD_FAILED, HELD_ON_REVIEW, HELD_REVIEWED},
};

bool held_next(const struct held *h, enum held_event event, enum held_state *next, struct err *err)
{
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (rules[i].from == h->state && rules[i].event == event) {
			*next = rules[i].to;
			return true;
		}
	err_set(err, ERR_CONFLICT, STR_FMT " is %s already", STR_ARG(h->code), state_names[h->state]);
	return false;
}

/* ---- needs ---- */

static void put_need(struct json_out *o, const struct access_need *n)
{
	json_open(o, '{');
	json_add_int(o, "n", n->approvers);
	json_key(o, "sets");
	json_open(o, '[');
	for (size_t i = 0; i < n->set_count; i++)
		json_put_str(o, n->sets[i]);
	json_close(o, ']');
	json_add_bool(o, "not_requester", n->not_requester);
	json_add_int(o, "within", n->within);
	json_add_int(o, "valid", n->valid);
	json_add_str(o, "channel", n->channel);
	json_add_str(o, "rule", n->rule);
	json_close(o, '}');
}

void held_write_needs(struct json_out *o, const struct access_need *needs, size_t count, bool confirmed)
{
	json_open(o, '{');
	json_add_bool(o, "confirm", confirmed);
	json_key(o, "approvals");
	json_open(o, '[');
	for (size_t i = 0; i < count; i++)
		if (needs[i].kind == NEED_APPROVAL)
			put_need(o, &needs[i]);
	json_close(o, ']');
	json_close(o, '}');
}

static void read_need(struct arena *a, const struct json *v, struct access_need *n)
{
	const struct json *sets = json_get(v, "sets");

	*n = (struct access_need){.kind = NEED_APPROVAL,
				  .approvers = (unsigned)json_get_int(v, "n", 1),
				  .not_requester = json_get_bool(v, "not_requester", true),
				  .within = json_get_int(v, "within", 0),
				  .valid = json_get_int(v, "valid", 0),
				  .channel = json_get_str(v, "channel"),
				  .rule = json_get_str(v, "rule")};
	n->sets = arena_alloc(a, (sets ? sets->count : 0) * sizeof *n->sets + 1);
	for (const struct json *s = sets ? sets->child : NULL; s; s = s->next)
		n->sets[n->set_count++] = json_str(s);
}

bool held_read_needs(struct arena *a, const struct held *h, struct access_need *out, size_t *count, bool *confirmed, struct err *err)
{
	const struct json *tree = json_parse(a, h->needs, JSON_STRICT, err), *list = json_get(tree, "approvals");

	*count = 0;
	*confirmed = json_get_bool(tree, "confirm", false);
	for (const struct json *v = list ? list->child : NULL; v && *count < HELD_NEEDS_MAX; v = v->next)
		read_need(a, v, &out[(*count)++]);
	return tree != NULL;
}

unsigned held_missing(const struct access_need *needs, size_t count, const struct held_vote *votes, size_t vote_count)
{
	unsigned missing = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned have = 0;

		for (size_t k = 0; k < vote_count; k++)
			have += (votes[k].needs >> i) & 1;
		missing += have < needs[i].approvers ? needs[i].approvers - have : 0;
	}
	return missing;
}

struct str need_sets_text(struct arena *a, const struct access_need *need)
{
	struct buf b;

	buf_init(&b, 4 * KIB);
	for (size_t i = 0; i < need->set_count; i++)
		buf_printf(&b, "%s" STR_FMT, !i ? "" : " or ", STR_ARG(need->sets[i]));
	return buf_keep(a, &b);
}
