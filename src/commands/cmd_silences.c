#include "commands/cmd.h"
#include "engine/silences.h"
#include "ops/text.h"

#define LONGEST (366 * DAY)

static bool span_ok(struct call *call, span_ms span)
{
	if (span >= MINUTE && span <= LONGEST)
		return true;
	err_set(&call->err, ERR_INVALID, "the time is from a minute to a year: 30m, 2h, 1d, 1w");
	return false;
}

/* An open alert's group, or matchers. */
static bool read_what(struct call *call, struct str word, struct matchers *out)
{
	struct err why = {0};
	struct group *g = alerts_find(call->work, word, &why);

	if (g)
		return silences_for_group(call->work, g, out, &call->err);
	if (!memchr(word.p, '=', word.n) && !memchr(word.p, '~', word.n)) {
		call->err = why;
		return false;
	}
	return matchers_parse(call->work->arena, out, word, &call->err) && silence_sees(out, &call->err);
}

static void say_preview(struct call *call, const struct matchers *m, const char *done)
{
	unsigned alerts, groups;
	struct json_out o = json_out(&call->data);

	silences_preview(call->work, m, &alerts, &groups);
	buf_printf(&call->text, "`" STR_FMT "` %s %u alert%s of %u group%s.", STR_ARG(mrkdwn_escape(call->work->arena, matchers_text(call->work->arena, m))), done, alerts,
		   alerts == 1 ? "" : "s", groups, groups == 1 ? "" : "s");
	json_open(&o, '{');
	json_add_int(&o, "alerts", alerts);
	json_add_int(&o, "groups", groups);
	json_key(&o, "matchers");
	silence_write_matchers(&o, m);
	json_close(&o, '}');
}

static bool put(struct call *call, struct silence *s, bool dry)
{
	struct json_out o = json_out(&call->data);
	struct work *w = call->work;
	struct str uuid;

	s->created_by = call->caller->user->name;
	s->user_id = call->caller->user->id;
	s->channel_id = call->caller->channel_id;
	if (dry) {
		if (silence_check(s, w->now, &call->err))
			say_preview(call, &s->matchers, "would keep quiet");
		return call->err.code == ERR_NONE;
	}
	if (!silences_put(w, s, &uuid, &call->err))
		return false;
	buf_printf(&call->text, "%s `" STR_FMT "`: `" STR_FMT "` for " STR_FMT ". `unsilence " STR_FMT "` ends it.",
		   s->kind == SILENCE_MAINTENANCE ? "Maintenance window" : "Silence", STR_ARG(str_clip(uuid, 8)),
		   STR_ARG(mrkdwn_escape(w->arena, matchers_text(w->arena, &s->matchers))), STR_ARG(span_write(w->arena, s->ends - s->starts)), STR_ARG(str_clip(uuid, 8)));
	silence_write_v2(w, &o, silences_find(w, uuid));
	return true;
}

bool cmd_silence(struct call *call)
{
	struct silence s = {.kind = SILENCE_PLAIN, .starts = call->work->now, .comment = call_text(call, "comment")};
	bool ok;

	s.ends = s.starts + call_number(call, "how-long", 0);
	ok = span_ok(call, s.ends - s.starts) && read_what(call, call_text(call, "what"), &s.matchers) && put(call, &s, call->typed.flags.dry_run);
	matchers_done(&s.matchers);
	return ok;
}

static bool list_maintenance(struct call *call)
{
	struct json_out o = json_out(&call->data);
	struct str list = silences_summary(call->work, SILENCE_MAINTENANCE);

	silences_write(call->work, &o, SILENCE_MAINTENANCE, false);
	buf_add(&call->text, list.n ? list : S("No maintenance is announced."));
	return true;
}

bool cmd_maintenance(struct call *call)
{
	struct silence s = {.kind = SILENCE_MAINTENANCE, .name = call_text(call, "name"), .starts = call_number(call, "start", call->work->now)};
	bool ok;

	if (!s.name.n)
		return list_maintenance(call);
	if (!call_given(call, "how-long")) {
		err_set(&call->err, ERR_INVALID, "a name, what, and how long: `maintenance \"db upgrade\" service=db 2h`, and when it begins unless now");
		return false;
	}
	s.ends = s.starts + call_number(call, "how-long", 0);
	ok = span_ok(call, s.ends - s.starts) && read_what(call, call_text(call, "what"), &s.matchers) && put(call, &s, call->typed.flags.dry_run);
	matchers_done(&s.matchers);
	return ok;
}

bool cmd_unsilence(struct call *call)
{
	struct work *w = call->work;
	struct json_out o = json_out(&call->data);
	const struct silence *s = silences_find(w, arena_lower(w->arena, call_text(call, "silence")));

	if (!s) {
		err_set(&call->err, ERR_NOT_FOUND, "there is no silence `" STR_FMT "`; `silences` lists them", STR_ARG(str_clip(call_text(call, "silence"), 60)));
		return false;
	}
	if (silence_state_at(s, w->now) == SILENCE_EXPIRED) {
		err_set(&call->err, ERR_CONFLICT, "silence `" STR_FMT "` is over already", STR_ARG(str_clip(s->uuid, 8)));
		return false;
	}
	if (!silences_expire(w, s, call_who(call), &call->err))
		return false;
	buf_printf(&call->text, "Silence `" STR_FMT "` is over.", STR_ARG(str_clip(s->uuid, 8)));
	silence_write_v2(w, &o, s);
	return true;
}

bool cmd_silences(struct call *call)
{
	struct json_out o = json_out(&call->data);
	struct str list = silences_summary(call->work, 0);

	silences_write(call->work, &o, 0, false);
	buf_add(&call->text, list.n ? list : S("Nothing is silenced."));
	return true;
}
