/* What a run's message says while it runs and when it is over, and the run as JSON. */
#include "engine/blocks.h"
#include "engine/runs.h"
#include "ops/text.h"
#include "store/journal.h"
#include "store/runs.h"

#include <inttypes.h>

#define SECTION_MAX 2900

static const struct {
	enum run_state state;
	const char *color, *emoji, *words;
} looks[] = {
	{RUN_QUEUED, "717274", ":hourglass_flowing_sand:", "waits for its turn"}, {RUN_RUNNING, "1d9bd1", ":gear:", "is running"},
	{RUN_WAITING, "717274", ":hourglass_flowing_sand:", "cannot be done now"}, {RUN_DONE, "2eb886", ":white_check_mark:", "is done"},
	{RUN_FAILED, "a30200", ":x:", "failed"},         {RUN_TIMED_OUT, "a30200", ":alarm_clock:", "took too long and was ended"},   {RUN_CANCELLED, "717274", ":wastebasket:", "was cancelled"},
	{RUN_UNKNOWN, "daa038", ":grey_question:", "has an unknown outcome"},
};

static size_t look_of(const struct run *r)
{
	size_t i = 0;

	while (i + 1 < COUNT_OF(looks) && looks[i].state != r->state)
		i++;
	return i;
}

static struct str title(struct arena *a, const struct run *r)
{
	struct str lasted = run_is_over(r->state) && r->started ? arena_printf(a, " after " STR_FMT, STR_ARG(span_write(a, r->ended - r->started))) : S("");

	return arena_printf(a, "%s *" STR_FMT "* `" STR_FMT "` of <@" STR_FMT "> %s" STR_FMT, looks[look_of(r)].emoji, STR_ARG(r->code), STR_ARG(mrkdwn_escape(a, r->words)),
			    STR_ARG(id_write(a, 'U', r->user_id)), looks[look_of(r)].words, STR_ARG(lasted));
}

/* The output in sections that Slack takes; what is behind the last is in the log. */
static void put_shown(struct json_out *o, struct arena *a, struct str shown)
{
	bool fence = false;

	while (shown.n) {
		struct str piece = str_clip(shown, SECTION_MAX);
		const char *end = shown.n > piece.n ? memrchr(piece.p, '\n', piece.n) : NULL;
		bool opens = fence;
		size_t at = 0, used;

		if (end && end > piece.p)
			piece.n = (size_t)(end - piece.p);
		used = piece.n;
		for (struct str rest = piece; str_find(rest, S("```"), &at); rest = str_n(rest.p + at + 3, rest.n - at - 3))
			fence = !fence;
		block_section(o, arena_printf(a, "%s" STR_FMT "%s", opens ? "```\n" : "", STR_ARG(piece), fence ? "\n```" : ""));
		shown = str_n(shown.p + used, shown.n - used);
	}
}

static void put_buttons(struct json_out *o, struct arena *a, const struct run *r)
{
	struct err ignored = {0};
	const struct json *list = r->buttons.n ? json_parse(a, r->buttons, JSON_STRICT, &ignored) : NULL;
	struct str id = arena_printf(a, "%" PRId64, r->id);
	int i = 0;

	if (run_is_over(r->state) && !list)
		return;
	block_actions_open(o, "run");
	for (const struct json *b = list ? list->child : NULL; b; b = b->next, i++)
		block_button(o, arena_dup(a, json_get_str(b, "label")).p, arena_printf(a, "run.button.%d", i).p, id, NULL);
	if (!run_is_over(r->state))
		block_button(o, "Cancel", "run.cancel", id, "danger");
	block_actions_close(o);
}

static struct str again_text(struct arena *a, const struct run *r)
{
	return arena_printf(a, "tries again at " STR_FMT ", %d of %d", STR_ARG(mrkdwn_date(a, r->again_at, true)), r->tries, RUN_TRIES_MAX);
}

static struct str body(struct arena *a, const struct run *r)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 256 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	block_attachment_open(&o, str_of(looks[look_of(r)].color), r->words);
	block_section(&o, title(a, r));
	put_shown(&o, a, r->shown);
	if (r->why.n)
		block_section(&o, str_clip(mrkdwn_escape(a, r->why), SECTION_MAX));
	if (r->state == RUN_WAITING)
		block_context(&o, again_text(a, r));
	if (r->progress.n)
		block_context(&o, mrkdwn_escape(a, r->progress));
	if (run_is_over(r->state) && r->lines)
		block_context(&o, arena_printf(a, "%" PRId64 " line%s: `job log " STR_FMT "`", r->lines, r->lines == 1 ? "" : "s", STR_ARG(r->code)));
	put_buttons(&o, a, r);
	block_attachment_close(&o);
	json_close(&o, '}');
	return buf_keep(a, &b);
}

bool runs_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	struct run r;

	if (!store_run_find(w->engine->db, w->arena, row->home_id, &r, &w->err)) {
		w->failed = w->err.code != ERR_NONE;
		return false;
	}
	post->channel_id = r.channel_id;
	post->thread_ts = r.thread_ts;
	post->message_ts = r.message_ts;
	post->text = arena_printf(&post->arena, STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(title(&post->arena, &r)), r.state == RUN_WAITING ? ", " : "",
				  STR_ARG(r.state == RUN_WAITING ? again_text(&post->arena, &r) : S("")), r.shown.n ? "\n" : "", STR_ARG(str_clip(r.shown, 1000)));
	post->body = body(&post->arena, &r);
	return true;
}

bool runs_told(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	return store_run_told(w->engine->db, post->home_id, message_ts, &w->err);
}

void runs_write(struct work *w, struct json_out *o, const struct run *r)
{
	struct arena *a = w->arena;

	json_add_str(o, "id", arena_printf(a, "%" PRId64, r->id));
	json_add_str(o, "code", r->code);
	json_add_str(o, "state", str_of(run_state_name(r->state)));
	json_add_str(o, "user", id_write(a, 'U', r->user_id));
	if (r->channel_id)
		json_add_str(o, "channel", id_write(a, 'C', r->channel_id));
	json_add_str(o, "via", r->via);
	json_add_str(o, "plugin", r->plugin);
	json_add_str(o, "version", r->version);
	json_add_str(o, "digest", r->digest);
	json_add_str(o, "command", r->words);
	json_add_str(o, "call", r->call);
	json_add_str(o, "line", r->line);
	json_add_bool(o, "dry_run", r->dry_run);
	json_add_wall(o, "created", r->created);
	if (r->started)
		json_add_wall(o, "started", r->started);
	if (r->tries)
		json_add_int(o, "tries", r->tries);
	if (r->again_at)
		json_add_wall(o, "again", r->again_at);
	if (r->ended) {
		json_add_wall(o, "ended", r->ended);
		json_add_int(o, "exit_code", r->exit_code);
		json_add_str(o, "output_sha256", r->output_hash);
	}
	json_add_str(o, "why", r->why);
	json_add_str(o, "shown", r->shown);
	json_add_str(o, "progress", r->progress);
	json_add_int(o, "lines", r->lines);
	json_add_int(o, "bytes", r->bytes);
}

struct str runs_button(struct work *w, int64_t id, unsigned index)
{
	struct err ignored = {0};
	const struct json *list, *b;
	struct run r;

	if (!store_run_find(w->engine->db, w->arena, id, &r, &ignored) || !r.buttons.n || !(list = json_parse(w->arena, r.buttons, JSON_STRICT, &ignored)))
		return S("");
	for (b = list->child; b && index; index--)
		b = b->next;
	return json_get_str(b, "command");
}
