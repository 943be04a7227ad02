#include "engine/confirm.h"

#include "base/json.h"
#include "base/log.h"
#include "engine/alerts.h"
#include "ops/text.h"
#include "store/journal.h"

bool confirm_add(struct work *w, int64_t channel_id, struct str source_name, struct str url, struct err *err)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "source", source_name);
	json_add_str(&o, "url", url);
	json_close(&o, '}');
	effect_wake(w);
	return store_due_add(w->engine->db, DUE_OUTBOX, channel_id, engine_id(w), w->now, KIND_CONFIRM,
			     buf_keep(w->arena, &b), err);
}

bool confirm_render(struct work *w, const struct due_row *row, struct chat_post *post)
{
	const struct json *kept;

	post->body = arena_dup(&post->arena, row->payload);
	kept = json_parse(&post->arena, post->body, JSON_STRICT, &w->err);
	post->channel_id = row->home_id;
	post->text = json_get_str(kept, "url");
	return kept != NULL;
}

static struct str source_of(struct work *w, const struct chat_post *post)
{
	struct err ignored = {0};

	return json_get_str(json_parse(w->arena, post->body, JSON_STRICT, &ignored), "source");
}

bool confirm_told(struct work *w, const struct chat_post *post, int64_t message_ts)
{
	struct str source = source_of(w, post);

	(void)message_ts;
	log_info(EV_SUBSCRIBED, F_STR("source", source));
	return note_add(w, post->channel_id,
		   arena_printf(w->arena,
				"The SNS subscription of *" STR_FMT "* is confirmed: what its topic says arrives here.",
				STR_ARG(mrkdwn_escape(w->arena, source))),
		   &w->err);
}

void confirm_not_told(struct work *w, const struct chat_post *post)
{
	struct str source = source_of(w, post);
	struct err ignored = {0};

	log_error(EV_SUBSCRIBED, F_STR("source", source), F_STR("error", post->why));
	(void)!note_add(w, post->channel_id,
		   arena_printf(w->arena,
				"The SNS subscription of *" STR_FMT "* could not be confirmed: " STR_FMT
				". In SNS, choose the subscription and *Request confirmation*.",
				STR_ARG(mrkdwn_escape(w->arena, source)), STR_ARG(mrkdwn_escape(w->arena, post->why))),
		   &ignored);
}

void confirm_send(struct chat_post *post)
{
	post->engine->confirm(post);
}
