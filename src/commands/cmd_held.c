/* What people say to requests that wait: yes, no, never mind; and the list of them. */
#include "commands/cmd.h"
#include "commands/held.h"
#include "engine/held.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/held.h"

#include <inttypes.h>

#define LISTED 20

static bool refuse(struct call *call, enum err_code code, const char *why)
{
	err_set(&call->err, code, "%s", why);
	return false;
}

static struct str name_of(struct call *call, int64_t user_id)
{
	struct err ignored = {0};
	struct user u;

	return user_id && store_user_find(call->work->engine->db, call->work->arena, call->work->engine->workspace_id, user_id, &u, &ignored) ? u.name : S("");
}

static struct str minute(struct call *call, wall_ms at)
{
	char text[WALL_TEXT_SIZE];
	struct str whole = wall_write(text, at);

	return arena_printf(call->work->arena, "%.5s UTC", whole.p + 11);
}

/* "A-17 is approved already, by ben at 14:02": who comes second must know who was first. */
static bool still_waits(struct call *call, const struct held *h)
{
	if (h->state == HELD_PENDING && call->work->now < h->expires)
		return true;
	if (h->state == HELD_PENDING) /* its timer comes in a moment */
		err_set(&call->err, ERR_CONFLICT, STR_FMT " has expired: say it again", STR_ARG(h->code));
	else if (h->decided_by)
		err_set(&call->err, ERR_CONFLICT, STR_FMT " is %s already, by " STR_FMT " at " STR_FMT, STR_ARG(h->code), held_state_name(h->state), STR_ARG(name_of(call, h->decided_by)),
			STR_ARG(minute(call, h->decided)));
	else
		err_set(&call->err, ERR_CONFLICT, STR_FMT " is %s already", STR_ARG(h->code), held_state_name(h->state));
	return false;
}

/* A yes is a person's own, said now: no program says it for who started it or pressed its button, and no plan. */
static bool is_said_by_a_person(struct call *call)
{
	struct str via = str_of(call->caller->via);

	return !str_starts(via, S("plugin")) && !str_is(via, "schedule") ? true : refuse(call, ERR_FORBIDDEN, "a person says this themselves: no program and no plan can");
}

/* The request that the call names, of one kind. */
static bool named(struct call *call, enum held_kind kind, struct held *h)
{
	if (!is_said_by_a_person(call))
		return false;
	if (!held_find(call->work, call_text(call, "request"), h, &call->err))
		return false;
	call->home_id = h->id;
	call->waiting = h->code;
	if (h->kind == kind)
		return true;
	err_set(&call->err, ERR_INVALID, STR_FMT "%s", STR_ARG(h->code), h->kind == HELD_CONFIRM ? " waits for a confirmation: `confirm`" : h->kind == HELD_APPROVAL ? " waits for an approval: `approve`, `deny`" : " is a broken glass: `review`");
	return false;
}

static void answer(struct call *call, const struct held *h, const char *what)
{
	struct json_out o = json_out(&call->data);

	buf_printf(&call->text, STR_FMT " %s *" STR_FMT "* `" STR_FMT "`", STR_ARG(call_who(call)), what, STR_ARG(h->code), STR_ARG(mrkdwn_escape(call->work->arena, str_clip(h->calls, 300))));
	json_open(&o, '{');
	held_write(call->work, &o, h);
	json_close(&o, '}');
}

/* ---- approve, deny ---- */

/* The needs that the caller's yes counts for. */
static bool my_needs(struct call *call, const struct held *h, struct access_need *needs, size_t *count, int64_t *mask)
{
	const struct user *me = call->caller->user;
	bool confirmed;

	if (!held_read_needs(call->work->arena, h, needs, count, &confirmed, &call->err))
		return false;
	*mask = held_may_approve(call->work, me, h->user_id, needs, *count);
	if (*mask)
		return true;
	if (me->id == h->user_id)
		return refuse(call, ERR_FORBIDDEN, "you asked for it: somebody else must say yes or no. `cancel` takes it back");
	err_set(&call->err, ERR_FORBIDDEN, STR_FMT " waits for " STR_FMT "; you are none of them", STR_ARG(h->code), STR_ARG(*count ? need_sets_text(call->work->arena, &needs[0]) : S("others")));
	return false;
}

/* The same may be said again as long as each of its rules lets it; 0: one of them does not. */
static wall_ms valid_until(const struct access_need *needs, size_t count, wall_ms now)
{
	span_ms least = count ? needs[0].valid : 0;

	for (size_t i = 1; i < count; i++)
		if (needs[i].valid < least)
			least = needs[i].valid;
	return least ? now + least : 0;
}

static bool vote(struct call *call, struct held *h, const struct access_need *needs, size_t need_count, int64_t mask)
{
	struct held_vote v = {.user_id = call->caller->user->id, .at = call->work->now, .needs = mask, .note = call_text(call, "note")}, *votes;
	struct db *db = call->work->engine->db;
	struct err err = {0};
	unsigned missing;
	size_t count;

	if (!store_held_vote(db, h->id, &v, &err)) {
		if (err.code == ERR_CONFLICT)
			return refuse(call, ERR_CONFLICT, "you approved it already; somebody else must too");
		call->err = err;
		return false;
	}
	if (!store_held_votes(db, call->work->arena, h->id, &votes, &count, &call->err))
		return false;
	missing = held_missing(needs, need_count, votes, count);
	if (missing) {
		answer(call, h, "approved");
		buf_printf(&call->text, ": %u more %s needed.", missing, missing == 1 ? "is" : "are");
		return held_tell(call->work, h, &call->err);
	}
	h->valid_until = valid_until(needs, need_count, call->work->now);
	if (!held_turn(call->work, h, HELD_ON_QUORUM, v.user_id, S(""), &call->err))
		return false;
	answer(call, h, "approved");
	buf_add(&call->text, S(": it runs now."));
	return true;
}

bool cmd_approve(struct call *call)
{
	struct access_need needs[HELD_NEEDS_MAX];
	struct held h;
	int64_t mask;
	size_t count;

	return named(call, HELD_APPROVAL, &h) && still_waits(call, &h) && my_needs(call, &h, needs, &count, &mask) && vote(call, &h, needs, count, mask);
}

bool cmd_deny(struct call *call)
{
	struct access_need needs[HELD_NEEDS_MAX];
	struct str why = call_text(call, "why").n ? call_text(call, "why") : call->typed.flags.reason;
	struct held h;
	int64_t mask;
	size_t count;

	if (!named(call, HELD_APPROVAL, &h) || !still_waits(call, &h) || !my_needs(call, &h, needs, &count, &mask))
		return false;
	if (!str_trim(why).n)
		return refuse(call, ERR_INVALID, "say why: who asked must know");
	if (!held_turn(call->work, &h, HELD_ON_DENY, call->caller->user->id, str_clip(str_trim(why), 1000), &call->err))
		return false;
	answer(call, &h, "rejected");
	return true;
}

/* ---- one's own: confirm, cancel ---- */

bool cmd_confirm(struct call *call)
{
	struct held h;

	if (!named(call, HELD_CONFIRM, &h) || !still_waits(call, &h))
		return false;
	if (h.user_id != call->caller->user->id)
		return refuse(call, ERR_FORBIDDEN, "only who said it can confirm it");
	if (h.channel_id != call->caller->channel_id)
		return refuse(call, ERR_FORBIDDEN, "confirm it where you said it");
	if (!held_turn(call->work, &h, HELD_ON_QUORUM, h.user_id, S(""), &call->err))
		return false;
	answer(call, &h, "confirmed");
	return true;
}

bool cmd_cancel(struct call *call)
{
	struct held h;

	if (!held_find(call->work, call_text(call, "request"), &h, &call->err) || !still_waits(call, &h))
		return false;
	call->home_id = h.id;
	call->waiting = h.code;
	if (h.user_id != call->caller->user->id && !caller_has_role(call->work, call->caller, S("operator")))
		return refuse(call, ERR_FORBIDDEN, "only who asked for it, or an operator, can cancel it");
	if (!held_turn(call->work, &h, HELD_ON_CANCEL, call->caller->user->id, S(""), &call->err))
		return false;
	answer(call, &h, "cancelled");
	return true;
}

/* ---- a broken glass ---- */

bool cmd_review(struct call *call)
{
	struct access_need needs[HELD_NEEDS_MAX];
	struct held h;
	int64_t mask;
	size_t count;

	if (!named(call, HELD_BREAK_GLASS, &h))
		return false;
	if (!my_needs(call, &h, needs, &count, &mask)) {
		if (call->caller->user->id == h.user_id || call->caller->user->role < ROLE_ADMIN)
			return false;
		err_clear(&call->err);
	}
	if (!held_turn(call->work, &h, HELD_ON_REVIEW, call->caller->user->id, call_text(call, "note"), &call->err))
		return false;
	answer(call, &h, "reviewed");
	return true;
}

/* ---- the list ---- */

static void put_line(struct call *call, const struct held *h, bool mine)
{
	struct arena *a = call->work->arena;

	buf_printf(&call->text, "\n%s *" STR_FMT "* <@" STR_FMT ">: `" STR_FMT "` %s%s", mine ? ":point_right:" : "•", STR_ARG(h->code), STR_ARG(id_write(a, 'U', h->user_id)),
		   STR_ARG(mrkdwn_escape(a, str_clip(h->calls, 200))), held_state_name(h->state), mine ? ", waits for you" : "");
}

bool held_visible(struct work *w, const struct held *h, const struct user *u)
{
	struct access_need needs[HELD_NEEDS_MAX];
	struct err ignored = {0};
	bool confirmed;
	size_t count;

	return h->user_id == u->id || u->role >= ROLE_OPERATOR || chat_may_read(w, h->channel_id, u->id) ||
	       (held_read_needs(w->arena, h, needs, &count, &confirmed, &ignored) && held_may_approve(w, u, h->user_id, needs, count));
}

bool held_waits_for(struct work *w, const struct held *h, const struct user *u)
{
	struct access_need needs[HELD_NEEDS_MAX];
	struct held_vote *votes;
	struct err ignored = {0};
	size_t count, vote_count;
	bool confirmed, voted = false;

	bool unreviewed = h->kind == HELD_BREAK_GLASS && (h->state == HELD_DONE || h->state == HELD_FAILED);

	if (h->state != HELD_PENDING && (!unreviewed || h->user_id == u->id))
		return false;
	if (h->kind == HELD_CONFIRM)
		return h->user_id == u->id;
	if (unreviewed && u->role >= ROLE_ADMIN)
		return true;
	if (!held_read_needs(w->arena, h, needs, &count, &confirmed, &ignored) || !store_held_votes(w->engine->db, w->arena, h->id, &votes, &vote_count, &ignored))
		return false;
	for (size_t i = 0; i < vote_count; i++)
		voted |= votes[i].user_id == u->id;
	return !voted && held_may_approve(w, u, h->user_id, needs, count);
}

void held_write_for(struct work *w, struct json_out *o, const struct held *h, const struct user *u)
{
	json_open(o, '{');
	held_write(w, o, h);
	json_add_bool(o, "waits_for_me", held_waits_for(w, h, u));
	json_add_bool(o, "mine", h->user_id == u->id);
	json_close(o, '}');
}

bool cmd_approvals(struct call *call)
{
	struct json_out o = json_out(&call->data);
	bool all = str_is(call_text(call, "which"), "all");
	struct held *list;
	size_t count, seen = 0;

	if (!store_held_list(call->work->engine->db, call->work->arena, call->work->engine->workspace_id, all ? 0 : HELD_PENDING, 0, rows_wanted(call, LISTED), &list, &count, &call->err))
		return false;
	buf_add(&call->text, S("*Requests:*"));
	json_open(&o, '{');
	json_key(&o, "approvals");
	json_open(&o, '[');
	for (size_t i = 0; i < count; i++) {
		if (!held_visible(call->work, &list[i], call->caller->user))
			continue;
		seen++;
		put_line(call, &list[i], held_waits_for(call->work, &list[i], call->caller->user));
		held_write_for(call->work, &o, &list[i], call->caller->user);
	}
	json_close(&o, ']');
	json_close(&o, '}');
	if (!seen) {
		buf_reset(&call->text);
		buf_add(&call->text, S("Nothing waits for a yes."));
	}
	return true;
}
