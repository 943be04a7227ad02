#include "engine/held.h"

#include "engine/alerts.h"
#include "engine/blocks.h"
#include "ops/text.h"
#include "store/chat.h"
#include "store/held.h"
#include "store/journal.h"

#include <inttypes.h>

/* ---- what its message says ---- */

static const struct {
	enum held_state state;
	const char *color, *emoji, *words;
} looks[] = {
	{HELD_PENDING, "daa038", ":raised_hand:", "waits"},          {HELD_APPROVED, "2eb886", ":white_check_mark:", "approved"}, {HELD_RUNNING, "2eb886", ":gear:", "approved, and running"},
	{HELD_DONE, "2eb886", ":white_check_mark:", "approved and done"}, {HELD_FAILED, "a30200", ":x:", "approved, but it failed"},  {HELD_DENIED, "a30200", ":no_entry:", "rejected"},
	{HELD_EXPIRED, "717274", ":hourglass:", "expired"},          {HELD_CANCELLED, "717274", ":wastebasket:", "cancelled"},    {HELD_SUPERSEDED, "717274", ":recycle:", "void"},
	{HELD_REVIEWED, "2eb886", ":eyes:", "done and reviewed"},
};

static size_t look_of(const struct held *h)
{
	size_t i = 0;

	while (i + 1 < COUNT_OF(looks) && looks[i].state != h->state)
		i++;
	return i;
}

/* "approved and done"; of a confirmation, "confirmed and done". */
static const char *words_of(const struct held *h)
{
	if (h->kind != HELD_CONFIRM || h->state == HELD_PENDING || h->state > HELD_FAILED)
		return looks[look_of(h)].words;
	return h->state == HELD_DONE ? "confirmed and done" : h->state == HELD_FAILED ? "confirmed, but it failed" : "confirmed";
}

static struct str title(struct arena *a, const struct held *h)
{
	struct str who = mrkdwn_user(a, h->user_id);

	if (h->kind == HELD_BREAK_GLASS)
		return arena_printf(a, ":rotating_light: *" STR_FMT "* " STR_FMT " broke the glass: this ran without approval", STR_ARG(h->code), STR_ARG(who));
	if (h->state == HELD_PENDING && h->kind == HELD_CONFIRM)
		return arena_printf(a, ":warning: " STR_FMT ", are you sure? Say `confirm " STR_FMT "`, or press", STR_ARG(who), STR_ARG(h->code));
	if (h->state == HELD_PENDING)
		return arena_printf(a, ":raised_hand: *" STR_FMT "* " STR_FMT " asks for approval", STR_ARG(h->code), STR_ARG(who));
	return arena_printf(a, "%s *" STR_FMT "* of " STR_FMT ": %s", looks[look_of(h)].emoji, STR_ARG(h->code), STR_ARG(who), words_of(h));
}

static struct str votes_text(struct work *w, struct arena *a, const struct held *h, struct err *err)
{
	struct held_vote *votes;
	size_t count;
	struct buf b;

	if (h->kind == HELD_CONFIRM || !store_held_votes(w->engine->db, w->arena, h->id, &votes, &count, err))
		return S("");
	buf_init(&b, 8 * KIB);
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, "%s" STR_FMT " " STR_FMT "%s" STR_FMT, i ? ", " : "Approved by ", STR_ARG(mrkdwn_user(a, votes[i].user_id)), STR_ARG(mrkdwn_date(a, votes[i].at, false)),
			   votes[i].note.n ? ": " : "", STR_ARG(mrkdwn_escape(a, votes[i].note)));
	return buf_keep(a, &b);
}

static void put_needs(struct work *w, struct buf *b, struct arena *a, const struct held *h)
{
	struct access_need needs[HELD_NEEDS_MAX];
	struct err ignored = {0};
	bool confirmed;
	size_t count;

	if (h->kind != HELD_APPROVAL || !held_read_needs(w->arena, h, needs, &count, &confirmed, &ignored))
		return;
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "\n%u of " STR_FMT "%s", needs[i].approvers, STR_ARG(mrkdwn_escape(a, need_sets_text(w->arena, &needs[i]))), needs[i].not_requester ? ", not who asks" : "");
	if (h->approvers.n)
		buf_printf(b, "\nMay approve: " STR_FMT, STR_ARG(h->approvers));
}

/* Under the call: why, who may, until when; or what came of it. */
static struct str small_print(struct work *w, struct arena *a, const struct held *h)
{
	struct err ignored = {0};
	struct str votes = votes_text(w, a, h, &ignored);
	struct buf b;

	buf_init(&b, 8 * KIB);
	if (h->reason.n)
		buf_printf(&b, "Reason: " STR_FMT, STR_ARG(mrkdwn_escape(a, h->reason)));
	if (h->state == HELD_PENDING) {
		put_needs(w, &b, a, h);
		buf_printf(&b, "\nUntil " STR_FMT, STR_ARG(mrkdwn_date(a, h->expires, true)));
	}
	if (votes.n)
		buf_printf(&b, "\n" STR_FMT, STR_ARG(votes));
	if (h->state == HELD_DENIED || h->state == HELD_CANCELLED || h->state == HELD_REVIEWED)
		buf_printf(&b, "\nBy " STR_FMT "%s", STR_ARG(mrkdwn_user(a, h->decided_by)), h->why.n ? ": " : "");
	if (h->why.n)
		buf_printf(&b, "%s" STR_FMT, h->state == HELD_FAILED ? "\n" : "", STR_ARG(mrkdwn_escape(a, h->why)));
	return str_trim(buf_keep(a, &b));
}

static void put_buttons(struct json_out *o, struct arena *a, const struct held *h)
{
	struct str id = arena_printf(a, "%" PRId64, h->id);
	bool review = h->kind == HELD_BREAK_GLASS && (h->state == HELD_DONE || h->state == HELD_FAILED);

	if (h->state != HELD_PENDING && !review)
		return;
	block_actions_open(o, "held");
	if (review)
		block_button(o, "Reviewed", "held.review", id, "primary");
	else if (h->kind == HELD_CONFIRM) {
		block_button(o, "Confirm", "held.confirm", id, "danger");
		block_button(o, "Cancel", "held.cancel", id, NULL);
	} else {
		block_button(o, "Approve", "held.approve", id, "primary");
		block_button(o, "Reject", "held.deny", id, "danger");
	}
	block_actions_close(o);
}

static struct str body(struct work *w, struct arena *a, const struct held *h, struct str fallback)
{
	struct str print = small_print(w, a, h);
	struct json_out o;
	struct buf b;

	buf_init(&b, 64 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	block_attachment_open(&o, str_of(h->kind == HELD_BREAK_GLASS ? "a30200" : looks[look_of(h)].color), fallback);
	block_section(&o, title(a, h));
	block_section(&o, arena_printf(a, "```\n" STR_FMT "\n```", STR_ARG(mrkdwn_code(a, str_clip(h->calls, 2000)))));
	if (h->preview.n)
		block_section(&o, arena_printf(a, "What it would do:\n" STR_FMT, STR_ARG(str_clip(h->preview, HELD_PREVIEW_MAX))));
	if (h->outcome.n)
		block_section(&o, str_clip(h->outcome, HELD_PREVIEW_MAX));
	if (print.n)
		block_context(&o, str_clip(print, 2900));
	put_buttons(&o, a, h);
	block_attachment_close(&o);
	json_close(&o, '}');
	return buf_keep(a, &b);
}

/* For systems without buttons: the words to type. */
static struct str plain(struct arena *a, const struct held *h)
{
	struct str head = title(a, h);

	if (h->state != HELD_PENDING)
		return arena_printf(a, STR_FMT ": `" STR_FMT "`", STR_ARG(head), STR_ARG(mrkdwn_escape(a, str_clip(h->calls, 300))));
	if (h->kind == HELD_CONFIRM)
		return arena_printf(a, ":warning: `" STR_FMT "`: `confirm " STR_FMT "` runs it", STR_ARG(mrkdwn_escape(a, str_clip(h->calls, 300))), STR_ARG(h->code));
	return arena_printf(a, STR_FMT ": `" STR_FMT "`. `approve " STR_FMT "`, or `deny " STR_FMT " REASON`", STR_ARG(head), STR_ARG(mrkdwn_escape(a, str_clip(h->calls, 300))),
			    STR_ARG(h->code), STR_ARG(h->code));
}

bool held_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct err ignored = {0};
	struct held_copy *copies;
	struct held h;
	int64_t channel_id;
	size_t count;

	if (!str_to_int(row->payload, &channel_id) || !store_held_find(w->engine->db, w->arena, row->home_id, &h, &w->err) ||
	    !store_held_copies(w->engine->db, w->arena, h.id, &copies, &count, &w->err)) {
		w->failed = w->err.code != ERR_NONE;
		return false;
	}
	for (size_t i = 0; i < count; i++)
		if (copies[i].channel_id == channel_id) {
			post->channel_id = channel_id;
			post->thread_ts = copies[i].thread_ts;
			post->message_ts = copies[i].message_ts;
		}
	(void)ignored;
	post->text = plain(&post->arena, &h);
	post->body = body(w, &post->arena, &h, post->text);
	return post->channel_id != 0;
}

bool held_told(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	return store_held_copy_told(w->engine->db, post->home_id, post->channel_id, message_ts, &w->err);
}

bool held_tell(struct work *w, const struct held *h, struct err *err)
{
	struct held_copy *copies;
	size_t count;

	if (!store_held_copies(w->engine->db, w->arena, h->id, &copies, &count, err))
		return false;
	effect_wake(w);
	effect_publish_all(w, S("{\"type\":\"approvals_changed\"}"));
	for (size_t i = 0; i < count; i++) {
		struct str payload = arena_printf(w->arena, "%" PRId64, copies[i].channel_id);

		if (!store_outbox_waits(w->engine->db, h->id, KIND_HELD, payload) && !store_due_add(w->engine->db, DUE_OUTBOX, h->id, engine_id(w), w->now, KIND_HELD, payload, err))
			return false;
	}
	return true;
}

/* A word in the threads of its messages: an edit alone wakes nobody. */
static bool say(struct work *w, const struct held *h, struct str text, struct err *err)
{
	struct held_copy *copies;
	size_t count;

	if (!store_held_copies(w->engine->db, w->arena, h->id, &copies, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (copies[i].message_ts && !note_reply(w, copies[i].channel_id, copies[i].thread_ts ? copies[i].thread_ts : copies[i].message_ts, text, err))
			return false;
	return true;
}

/* ---- keeping ---- */

static bool next_code(struct work *w, struct held *h, struct err *err)
{
	struct engine *e = w->engine;
	struct str last;
	int64_t n = 0;

	if (h->kind == HELD_CONFIRM) {
		struct str word = crypt_word(w->arena, 4);

		for (size_t i = 0; i < word.n; i++)
			((char *)word.p)[i] = word.p[i] >= 'a' ? (char)(word.p[i] - 32) : word.p[i];
		h->code = word;
		return true;
	}
	if (!store_setting_get(e->db, w->arena, e->workspace_id, "approval_number", &last, err))
		return false;
	(void)str_to_int(last, &n);
	h->code = arena_printf(w->arena, "A-%" PRId64, n + 1);
	return store_setting_put(e->db, e->workspace_id, "approval_number", arena_printf(w->arena, "%" PRId64, n + 1), err);
}

bool held_add(struct work *w, struct held *h, const int64_t *channels, size_t channel_count, struct err *err)
{
	struct db *db = w->engine->db;

	h->id = engine_id(w);
	h->workspace_id = w->engine->workspace_id;
	h->created = w->now;
	if (h->kind != HELD_BREAK_GLASS)
		h->state = HELD_PENDING;
	if (!next_code(w, h, err) || !store_held_add(db, h, err))
		return false;
	for (size_t i = 0; i < channel_count; i++)
		if (channels[i] && !store_held_copy_add(db, h->id, &(struct held_copy){channels[i], channels[i] == h->channel_id ? h->thread_ts : 0, 0}, err))
			return false;
	if (h->kind != HELD_BREAK_GLASS &&
	    !store_due_add(db, DUE_TIMER, h->id, engine_id(w), h->kind == HELD_CONFIRM ? h->expires : w->now + (h->expires - w->now) / 2, TIMER_HELD, S(""), err))
		return false;
	if (h->kind == HELD_BREAK_GLASS && !store_due_add(db, DUE_TIMER, h->id, engine_id(w), w->now + DAY, TIMER_HELD, S(""), err))
		return false;
	return held_tell(w, h, err);
}

bool held_find(struct work *w, struct str ref, struct held *out, struct err *err)
{
	struct engine *e = w->engine;
	char code[16];
	int64_t id;

	for (size_t i = 0; i < ref.n && i < sizeof code; i++)
		code[i] = ref.p[i] >= 'a' && ref.p[i] <= 'z' ? (char)(ref.p[i] - 32) : ref.p[i];
	if (ref.n && ref.n <= sizeof code && store_held_by_code(e->db, w->arena, e->workspace_id, str_n(code, ref.n), out, err))
		return true;
	if (!err->code && str_to_int(ref, &id) && store_held_find(e->db, w->arena, id, out, err))
		return true;
	if (!err->code)
		err_set(err, ERR_NOT_FOUND, "nothing waits as `" STR_FMT "`; `approvals` lists what does", STR_ARG(str_clip(ref, 40)));
	return false;
}

/* ---- events ---- */

static struct str said(struct work *w, const struct held *h, int64_t by)
{
	struct arena *a = w->arena;
	struct str who = mrkdwn_user(a, h->user_id), what = arena_printf(a, STR_FMT ": " STR_FMT " is %s", STR_ARG(who), STR_ARG(h->code), words_of(h));

	if (h->state == HELD_EXPIRED)
		return arena_printf(a, STR_FMT ". Nobody said yes in time; it did not run", STR_ARG(what));
	if (h->state == HELD_DENIED || h->state == HELD_CANCELLED)
		return arena_printf(a, STR_FMT " by " STR_FMT "%s" STR_FMT, STR_ARG(what), STR_ARG(mrkdwn_user(a, by)), h->why.n ? ": " : "", STR_ARG(mrkdwn_escape(a, h->why)));
	if (h->state == HELD_FAILED || h->state == HELD_SUPERSEDED)
		return arena_printf(a, STR_FMT ": " STR_FMT, STR_ARG(what), STR_ARG(mrkdwn_escape(a, h->why)));
	if (h->state == HELD_DONE && h->kind == HELD_APPROVAL) /* who confirmed is looking at it */
		return arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(what), h->outcome.n ? "\n" : "", STR_ARG(h->outcome));
	return S("");
}

bool held_turn(struct work *w, struct held *h, enum held_event event, int64_t by, struct str why, struct err *err)
{
	enum held_state was = h->state;
	struct str word;

	if (!held_next(h, event, &h->state, err))
		return false;
	if (event != HELD_ON_RUN && event != HELD_ON_DONE && event != HELD_ON_FAIL) {
		h->decided = w->now;
		h->decided_by = by;
	}
	if (why.n)
		h->why = why;
	if (!store_held_turn(w->engine->db, h, was, err))
		return false;
	if (h->state == HELD_APPROVED && !store_due_add(w->engine->db, DUE_OUTBOX, h->id, engine_id(w), w->now, KIND_HELD_RUN, S(""), err))
		return false;
	word = said(w, h, by);
	return (!word.n || say(w, h, word, err)) && held_tell(w, h, err);
}

/* Half of its time is over, or all; a break glass is reminded of every day until somebody looked. */
bool held_due(struct work *w, int64_t id, wall_ms *again_at)
{
	struct arena *a = w->arena;
	struct held h;

	if (!store_held_find(w->engine->db, a, id, &h, &w->err))
		return w->err.code == ERR_NONE;
	if (h.kind == HELD_BREAK_GLASS && h.state != HELD_REVIEWED) {
		*again_at = w->now + DAY;
		return say(w, &h, arena_printf(a, STR_FMT " still waits for a review by somebody else than " STR_FMT ": `review " STR_FMT "`. " STR_FMT, STR_ARG(h.code),
					      STR_ARG(mrkdwn_user(a, h.user_id)), STR_ARG(h.code), STR_ARG(h.approvers)), &w->err);
	}
	if (h.state != HELD_PENDING)
		return true;
	if (w->now >= h.expires)
		return held_turn(w, &h, HELD_ON_EXPIRE, 0, S(""), &w->err);
	*again_at = h.expires;
	return say(w, &h, arena_printf(a, STR_FMT " still waits, until " STR_FMT ". " STR_FMT, STR_ARG(h.code), STR_ARG(mrkdwn_date(a, h.expires, true)), STR_ARG(h.approvers)), &w->err);
}

/* ---- as JSON ---- */

static void put_votes(struct work *w, struct json_out *o, const struct held *h)
{
	struct err ignored = {0};
	struct held_vote *votes;
	size_t count = 0;

	json_key(o, "votes");
	json_open(o, '[');
	if (store_held_votes(w->engine->db, w->arena, h->id, &votes, &count, &ignored))
		for (size_t i = 0; i < count; i++) {
			json_open(o, '{');
			json_add_str(o, "user", id_write(w->arena, 'U', votes[i].user_id));
			json_add_wall(o, "at", votes[i].at);
			json_add_str(o, "note", votes[i].note);
			json_close(o, '}');
		}
	json_close(o, ']');
}

void held_write(struct work *w, struct json_out *o, const struct held *h)
{
	static const char *const kinds[] = {[HELD_CONFIRM] = "confirm", [HELD_APPROVAL] = "approval", [HELD_BREAK_GLASS] = "break_glass"};
	struct arena *a = w->arena;

	json_add_str(o, "id", arena_printf(a, "%" PRId64, h->id));
	json_add_str(o, "code", h->code);
	json_add_str(o, "kind", str_of(kinds[h->kind]));
	json_add_str(o, "state", str_of(held_state_name(h->state)));
	json_add_str(o, "user", id_write(a, 'U', h->user_id));
	if (h->channel_id)
		json_add_str(o, "channel", id_write(a, 'C', h->channel_id));
	json_add_str(o, "line", h->line);
	json_add_str(o, "calls", h->calls);
	json_add_str(o, "hash", h->hash);
	json_add_str(o, "reason", h->reason);
	json_add_str(o, "rule", h->rule);
	json_add_str(o, "preview", h->preview);
	json_add_str(o, "why", h->why);
	json_add_str(o, "outcome", h->outcome);
	json_add_wall(o, "created", h->created);
	json_add_wall(o, "expires", h->expires);
	if (h->decided)
		json_add_wall(o, "decided", h->decided);
	if (h->decided_by)
		json_add_str(o, "decided_by", id_write(a, 'U', h->decided_by));
	json_add_raw(o, "needs", h->needs.n ? h->needs : S("{}"));
	put_votes(w, o, h);
}
