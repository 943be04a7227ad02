#include "commands/cmd.h"
#include "engine/silences.h"
#include "ops/text.h"

#define LONGEST (366 * DAY)

/* An option that stands anywhere behind the command's name; it is taken out of the line. */
static bool take_option(struct line *line, const char *name)
{
	for (size_t i = 1; i < line->count; i++)
		if (str_is(line->words[i], name)) {
			line->count--;
			memmove(&line->words[i], &line->words[i + 1], (line->count - i) * sizeof *line->words);
			return true;
		}
	return false;
}

static bool read_span(struct call *call, struct str word, span_ms *out)
{
	if (span_parse(word, out) && *out >= MINUTE && *out <= LONGEST)
		return true;
	err_set(&call->err, ERR_INVALID, "`" STR_FMT "` is no length of time: 30m, 2h, 1d, 1w (a minute to a year)", STR_ARG(str_clip(word, 60)));
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

static struct str rest_of(struct call *call, size_t from)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	for (size_t i = from; i < call->line.count; i++)
		buf_printf(&b, "%s" STR_FMT, i > from ? " " : "", STR_ARG(call->line.words[i]));
	return buf_keep(call->work->arena, &b);
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
	bool dry = take_option(&call->line, "--dry-run"), ok;
	struct silence s = {.kind = SILENCE_PLAIN, .starts = call->work->now};
	span_ms span;

	if (call->line.count < 3) {
		err_set(&call->err, ERR_INVALID, "how long? `silence %.*s 2h`", call->line.count > 1 ? (int)str_clip(call->line.words[1], 60).n : 0,
			call->line.count > 1 ? call->line.words[1].p : "");
		return false;
	}
	s.comment = rest_of(call, 3);
	ok = read_span(call, call->line.words[2], &span) && read_what(call, call->line.words[1], &s.matchers);
	s.ends = s.starts + (ok ? span : 0);
	ok = ok && put(call, &s, dry);
	matchers_done(&s.matchers);
	return ok;
}

static bool read_start(struct call *call, wall_ms *out)
{
	struct str word = call->line.count > 4 ? call->line.words[4] : S("");
	span_ms from_now;

	*out = call->work->now;
	if (!word.n || wall_parse(word, out))
		return true;
	if (!span_parse(word, &from_now)) {
		err_set(&call->err, ERR_INVALID, "`" STR_FMT "` is no start: 2026-03-02T03:00:00Z, or 30m from now", STR_ARG(str_clip(word, 60)));
		return false;
	}
	*out += from_now;
	return true;
}

bool cmd_maintenance(struct call *call)
{
	bool dry = take_option(&call->line, "--dry-run"), ok;
	struct silence s = {.kind = SILENCE_MAINTENANCE};
	span_ms span = 0;

	if (call->line.count == 1) {
		struct json_out o = json_out(&call->data);
		struct str list = silences_summary(call->work, SILENCE_MAINTENANCE);

		silences_write(call->work, &o, SILENCE_MAINTENANCE, false);
		buf_add(&call->text, list.n ? list : S("No maintenance is announced."));
		return true;
	}
	if (call->line.count < 4) {
		err_set(&call->err, ERR_INVALID, "a name, what, and how long: `maintenance \"db upgrade\" service=db 2h`, and when it begins unless now");
		return false;
	}
	s.name = call->line.words[1];
	ok = read_span(call, call->line.words[3], &span) && read_start(call, &s.starts) && read_what(call, call->line.words[2], &s.matchers);
	s.ends = s.starts + span;
	ok = ok && put(call, &s, dry);
	matchers_done(&s.matchers);
	return ok;
}

bool cmd_unsilence(struct call *call)
{
	struct work *w = call->work;
	struct json_out o = json_out(&call->data);
	const struct silence *s = silences_find(w, arena_lower(w->arena, call->line.words[1]));

	if (!s) {
		err_set(&call->err, ERR_NOT_FOUND, "there is no silence `" STR_FMT "`; `silences` lists them", STR_ARG(str_clip(call->line.words[1], 60)));
		return false;
	}
	if (silence_state_at(s, w->now) == SILENCE_EXPIRED) {
		err_set(&call->err, ERR_CONFLICT, "silence `" STR_FMT "` is over already", STR_ARG(str_clip(s->uuid, 8)));
		return false;
	}
	if (!silences_expire(w, s, arena_printf(w->arena, "<@" STR_FMT ">", STR_ARG(id_write(w->arena, 'U', call->caller->user->id))), &call->err))
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
