/* Our own API: silences and maintenance windows. docs/silences.md tells what they are. */
#include "api/handlers.h"
#include "engine/messages.h"
#include "engine/silences.h"
#include "ops/text.h"

#define LONGEST (366 * DAY)

/* ---- reading ---- */

static bool wrong(struct exchange *x, const char *what)
{
	x_fail(x, ERR_INVALID, "%s", what);
	return false;
}

/* `team=db,severity=~"warn.*"`, a list of such texts, or Alertmanager's list of objects. */
static bool read_matchers(struct exchange *x, const struct json *v, struct matchers *out)
{
	const struct json *first = json_is(v, JSON_ARRAY) ? v->child : v;

	if (json_is(first, JSON_OBJECT) && first != v) {
		if (!silence_read_matchers(x_arena(x), v, out, &x->err))
			return false;
	} else {
		for (const struct json *one = first; one; one = first == v ? NULL : one->next) {
			if (!json_is(one, JSON_STR))
				return wrong(x, "matchers are texts such as team=db, or objects with name, value, "
						"isRegex and isEqual");
			if (!matchers_parse(x_arena(x), out, json_str(one), &x->err))
				return false;
		}
	}
	if (!out->count)
		return wrong(x, "say by matchers what is to be kept quiet, such as team=db");
	return silence_sees(out, &x->err);
}

/* What is not there stays as it was. */
static bool read_time(struct exchange *x, const struct json *body, const char *name, wall_ms *out)
{
	if (!json_get(body, name) || wall_parse(json_get_str(body, name), out))
		return true;
	x_fail(x, ERR_INVALID, "%s is not a time such as 2026-03-02T02:15:00Z", name);
	return false;
}

/* `endsAt`, or `for` so long from its beginning, at the earliest from now. */
static bool read_times(struct exchange *x, const struct json *body, struct silence *s)
{
	wall_ms now = x->work.now;
	span_ms span;

	if (!read_time(x, body, "startsAt", &s->starts) || !read_time(x, body, "endsAt", &s->ends))
		return false;
	if (json_get(body, "for")) {
		if (!span_parse(json_get_str(body, "for"), &span) || span < MINUTE || span > LONGEST)
			return wrong(x, "`for` is a length of time: 30m, 2h, 1d, 1w (a minute to a year)");
		s->ends = (s->starts > now ? s->starts : now) + span;
	}
	if (!s->ends)
		return wrong(x, "how long? Say endsAt, or `for` such as 2h");
	if (s->ends <= s->starts)
		return wrong(x, "it would end before it begins");
	if (s->ends <= now)
		return wrong(x, "its end is in the past");
	if (s->ends - now > 2 * LONGEST || s->ends - s->starts > LONGEST)
		return wrong(x, "it would last longer than a year");
	return true;
}

/* A name makes it a maintenance window. */
static bool read_texts(struct exchange *x, const struct json *body, struct silence *s)
{
	struct str channel = json_get_str(body, "channel");
	struct err why = {0};
	struct channel ch;

	if (json_get(body, "comment"))
		s->comment = str_trim(json_get_str(body, "comment"));
	if (json_get(body, "name"))
		s->name = str_trim(json_get_str(body, "name"));
	if (!s->kind)
		s->kind = s->name.n ? SILENCE_MAINTENANCE : SILENCE_PLAIN;
	if (s->kind == SILENCE_MAINTENANCE && !s->name.n)
		return wrong(x, "a maintenance window needs a name: what is done?");
	if (!channel.n)
		return true;
	if (!chat_channel(&x->work, x->user.id, channel, &ch, &why)) {
		if (err_is_outage(why.code))
			x->err = why;
		else
			x_fail(x, ERR_NOT_FOUND, "there is no channel " STR_FMT ", or you are not in it",
			       STR_ARG(str_clip(channel, 60)));
		return false;
	}
	s->channel_id = ch.id;
	return true;
}

static const struct silence *find(struct exchange *x, struct str id)
{
	const struct silence *s = silences_find(&x->work, arena_lower(x_arena(x), id));

	if (!s)
		x_fail(x, ERR_NOT_FOUND, "there is no silence " STR_FMT, STR_ARG(str_clip(id, 60)));
	return s;
}

/* ---- answering ---- */

static bool audit(struct exchange *x, const char *action, const struct silence *s)
{
	char ends[WALL_TEXT_SIZE];
	struct json_out o;
	struct buf b;

	buf_init(&b, 256 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "silence", s->uuid);
	if (s->name.n)
		json_add_str(&o, "name", s->name);
	json_add_str(&o, "matchers", str_clip(matchers_text(x_arena(x), &s->matchers), 1000));
	json_add_str(&o, "until", wall_write(ends, s->ends));
	json_add_str(&o, "from", x->request->remote);
	json_close(&o, '}');
	return x_audit(x, x->user.id, action, buf_keep(x_arena(x), &b), "ok");
}

/* What was done is done as a whole, with its record. */
static void answer(struct exchange *x, bool done, const char *action, const struct silence *s)
{
	struct json_out o;

	if (!done || !audit(x, action, s)) {
		x->work.failed = true;
		return;
	}
	o = x_json(x, 200);
	silence_write(&x->work, &o, s);
}

static bool read_state(struct exchange *x, bool *all)
{
	struct str state = x_query(x, "state");

	*all = str_is(state, "all");
	return *all || !state.n || str_is(state, "open") || wrong(x, "state is open or all");
}

void v1_silences(struct exchange *x)
{
	struct json_out o;
	bool all;

	if (!read_state(x, &all))
		return;
	o = x_object(x, 200);
	json_key(&o, "silences");
	silences_write(&x->work, &o, 0, all);
	json_close(&o, '}');
}

void v1_silence_preview(struct exchange *x)
{
	struct silence s = {.starts = x->work.now, .ends = x->work.now + HOUR};
	struct json *body = x_body(x);
	struct json_out o;

	if (body && read_matchers(x, json_get(body, "matchers"), &s.matchers) &&
	    silence_check(&s, x->work.now, &x->err)) {
		o = x_object(x, 200);
		silences_write_preview(&x->work, &o, &s.matchers);
		json_close(&o, '}');
	}
	matchers_done(&s.matchers);
}

/* The author of what keeps its id stays who made it. */
static void put(struct exchange *x, const struct json *body, const struct silence *old, struct matchers *matchers)
{
	struct silence s = old ? *old : (struct silence){.starts = x->work.now};
	struct str uuid;
	bool done;

	if (!old || json_get(body, "matchers")) {
		if (!read_matchers(x, json_get(body, "matchers"), matchers))
			return;
		s.matchers = *matchers;
	}
	if (!read_times(x, body, &s) || !read_texts(x, body, &s))
		return;
	if (!old || !silence_can_become(old, &s, x->work.now)) {
		s.created_by = x->user.name;
		s.user_id = x->user.id;
	}
	done = silences_put(&x->work, &s, &uuid, &x->err);
	answer(x, done, "silence.put", done ? silences_find(&x->work, uuid) : NULL);
}

void v1_silence_put(struct exchange *x)
{
	const struct silence *old = NULL;
	struct matchers matchers = {0};
	struct json *body = x_body(x);

	if (!body || (json_get_str(body, "id").n && !(old = find(x, json_get_str(body, "id")))))
		return;
	put(x, body, old, &matchers);
	matchers_done(&matchers);
}

void v1_silence_end(struct exchange *x)
{
	const struct silence *s = find(x, x->rest);
	struct str who = mrkdwn_user(x_arena(x), x->user.id);

	if (!s)
		return;
	if (silence_state_at(s, x->work.now) == SILENCE_EXPIRED) {
		x_fail(x, ERR_CONFLICT, "silence " STR_FMT " is over already", STR_ARG(str_clip(s->uuid, 8)));
		return;
	}
	answer(x, silences_expire(&x->work, s, who, &x->err), "silence.expire", s);
}
