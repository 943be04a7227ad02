#include "base/crypt.h"
#include "base/map.h"
#include "cli/cli.h"
#include "net/client.h"

#include <stdlib.h>
#include <time.h>

#define QUIET (30 * SECOND) /* then we ask whether the server is still there */
#define AGAIN_MAX 30        /* seconds between two tries to connect */

/* A channel, and how far we have read it. */
struct place {
	struct place *next;
	struct str id;
	int64_t seq;
	bool wanted;
};

struct tail {
	struct cli *c;
	struct cli work;  /* the memory of one frame */
	struct cli known; /* the memory of `names` */
	struct names names;
	struct str unknown; /* a user that even fresh names do not have */
	struct place *places;
	bool all;
	struct map texts; /* channel and ts -> hash of its text: was it really edited? */
	struct ws_client *ws;
	int64_t left; /* lines to print; -1: no end */
	bool heard;   /* it worked once */
	bool greeted; /* it works this time */
};

static struct place *place_of(struct tail *t, struct str id)
{
	struct place *p;

	for (p = t->places; p; p = p->next)
		if (str_eq(p->id, id))
			return p;
	p = arena_zero(&t->c->arena, sizeof *p);
	*p = (struct place){.next = t->places, .id = arena_dup(&t->c->arena, id), .wanted = t->all};
	t->places = p;
	return p;
}

static bool refresh_names(struct tail *t, struct err *err)
{
	arena_reset(&t->known.arena);
	return names_get(&t->known, &t->names, err);
}

static bool choose_channels(struct tail *t, struct err *err)
{
	t->all = t->c->arg_count == 0;
	for (unsigned i = 0; i < t->c->arg_count; i++) {
		const struct json *channel = channel_find(&t->names, str_of(t->c->args[i]), err);

		if (!channel)
			return false;
		if (!json_get_bool(channel, "is_member", true)) {
			err_set(err, ERR_FORBIDDEN, "you are not in %s; join it first", t->c->args[i]);
			return false;
		}
		place_of(t, json_get_str(channel, "id"))->wanted = true;
	}
	return true;
}

/* ---- one message ---- */

static struct str author_of(struct tail *t, const struct json *m)
{
	struct str id = json_get_str(m, "user"), name = json_get_str(m, "username");
	struct err ignored = {0};

	if (name.n)
		return name;
	if (!id.n) {
		name = json_get_str(json_get(m, "bot_profile"), "name");
		return name.n ? name : json_get_str(m, "bot_id");
	}
	name = user_name(&t->names, id);
	if (!str_eq(name, id) || str_eq(id, t->unknown))
		return name;
	if (!refresh_names(t, &ignored)) /* somebody new */
		return id;
	name = user_name(&t->names, id);
	if (str_eq(name, id))
		t->unknown = arena_dup(&t->c->arena, id);
	return name;
}

static struct str text_of(const struct json *m)
{
	static const char *const keys[] = {"fallback", "title", "text", "pretext"};
	const struct json *attachments = json_get(m, "attachments");
	struct str text = json_get_str(m, "text");

	for (const struct json *a = attachments ? attachments->child : NULL; a && !text.n; a = a->next)
		for (size_t i = 0; i < COUNT_OF(keys) && !text.n; i++)
			text = json_get_str(a, keys[i]);
	return text.n ? text : S("(no text)");
}

static struct str clock_of(struct arena *a, struct str ts)
{
	struct str whole;
	struct tm local;
	int64_t seconds;
	time_t at;

	str_cut(ts, '.', &whole);
	if (!str_to_int(whole, &seconds))
		return S("--:--:--");
	at = (time_t)seconds;
	if (!localtime_r(&at, &local))
		return S("--:--:--");
	return arena_printf(a, "%02d:%02d:%02d", local.tm_hour, local.tm_min, local.tm_sec);
}

/* mark: ' ' new, '~' edited, 'x' deleted, '>' in a thread */
static void print_message(struct tail *t, struct str channel, const struct json *m, struct str ts, char mark,
			  struct str text)
{
	struct cli *w = &t->work;
	struct str line = plain_of(w, &t->names, text), author = author_of(t, m);

	say(t->c, DIM, safe_line(&w->arena, clock_of(&w->arena, ts)));
	printf(" ");
	say(t->c, YELLOW,
	    safe_line(&w->arena, arena_printf(&w->arena, "#" STR_FMT, STR_ARG(channel_name(&t->names, channel)))));
	printf(" %c ", mark);
	if (author.n) {
		say(t->c, BOLD, safe_line(&w->arena, author));
		printf(": ");
	}
	say_line(t->c, safe_line(&w->arena, line));
	if (t->left > 0)
		t->left--;
}

/* Is this text of the message new to us? Keeps it. */
static bool is_news(struct tail *t, struct str channel, struct str ts, struct str text)
{
	uint64_t key = fnv_add(fnv_add(FNV_START, channel), ts), hash = fnv_add(FNV_START, text) | 1;
	void *old = map_get(&t->texts, key);

	if (t->texts.count > 100000)
		map_done(&t->texts); /* forgets the old ones: then an edit of theirs is told once too often */
	map_put(&t->texts, key, (void *)(uintptr_t)hash);
	return (uint64_t)(uintptr_t)old != hash;
}

static void on_event(struct tail *t, struct str channel, const struct json *event)
{
	struct str type = json_get_str(event, "type"), subtype = json_get_str(event, "subtype");
	const struct json *m = str_is(subtype, "message_changed") ? json_get(event, "message") : event;
	struct str ts = json_get_str(m, "ts"), text = text_of(m);
	char mark = json_get_str(m, "thread_ts").n && !str_eq(json_get_str(m, "thread_ts"), ts) ? '>' : ' ';

	if (!str_is(type, "message"))
		return;
	if (str_is(subtype, "message_deleted"))
		print_message(t, channel, event, json_get_str(event, "deleted_ts"), 'x', S("(deleted)"));
	else if (is_news(t, channel, ts, text))
		print_message(t, channel, m, ts, m == event ? mark : '~', text);
}

/* ---- frames ---- */

static void on_hello(struct tail *t, const struct json *frame)
{
	const struct json *channels = json_get(frame, "channels");
	unsigned count = 0;

	for (const struct json *v = channels ? channels->child : NULL; v; v = v->next) {
		struct place *p = place_of(t, v->key);

		if (!t->heard) /* afterwards what is missing comes by itself */
			p->seq = v->type == JSON_INT ? v->i : 0;
		count += p->wanted;
	}
	if (!t->heard)
		fprintf(stderr, "opsroom: listening to %u channel%s\n", count, count == 1 ? "" : "s");
	else
		fprintf(stderr, "opsroom: connected again\n");
	t->heard = t->greeted = true;
}

static bool on_frame(struct tail *t, struct str text, struct err *err)
{
	struct json *frame = json_parse(&t->work.arena, text, JSON_LAST_KEY_WINS, err);
	struct str type = json_get_str(frame, "type"), channel = json_get_str(frame, "channel");
	struct place *p = channel.n ? place_of(t, channel) : NULL;
	int64_t seq = json_get_int(frame, "seq", 0);

	if (!frame)
		return false;
	if (str_is(type, "hello")) {
		on_hello(t, frame);
	} else if (str_is(type, "reset") && p) {
		if (p->wanted)
			fprintf(stderr, "opsroom: too much was missed in " STR_FMT "; going on from now\n",
				STR_ARG(safe_line(&t->work.arena, channel_name(&t->names, channel))));
		p->seq = seq;
	} else if (str_is(type, "event") && p && seq > p->seq) {
		p->seq = seq;
		if (p->wanted && t->c->json) {
			say_json(frame);
			t->left -= t->left > 0;
		} else if (p->wanted) {
			on_event(t, channel, json_get(frame, "event"));
		}
	} else if (str_is(type, "channel_joined")) {
		return refresh_names(t, err);
	} else if (str_is(type, "bye") && str_is(json_get_str(frame, "reason"), "logged_out")) {
		err_set(err, ERR_UNAUTHENTICATED, "the token is no longer good");
		return false;
	}
	return true;
}

static bool send_resume(struct tail *t, struct err *err)
{
	struct buf b;
	struct json_out o = json_out(&b);
	bool ok;

	buf_init(&b, 4 * MIB);
	json_open(&o, '{');
	json_add_str(&o, "type", S("resume"));
	json_key(&o, "channels");
	json_open(&o, '{');
	for (struct place *p = t->places; p && t->heard; p = p->next) {
		json_key_str(&o, p->id);
		json_put_int(&o, p->seq);
	}
	json_close(&o, '}');
	json_close(&o, '}');
	ok = ws_client_send(t->ws, buf_str(&b), err);
	buf_done(&b);
	return ok;
}

/* Opens the stream and reads it until it ends or enough is printed. */
static bool listen_once(struct tail *t, struct err *err)
{
	struct str headers[] = {bearer_header(&t->work)};
	bool asked = false;

	t->ws = ws_client_open(arena_printf(&t->work.arena, STR_FMT "/stream", STR_ARG(t->c->url)), headers, 1, err);
	if (!t->ws || !send_resume(t, err))
		return false;
	while (t->left != 0) {
		struct str text;

		arena_reset(&t->work.arena);
		if (!ws_client_next(t->ws, QUIET, &text, err))
			return false;
		if (!text.p && asked) {
			err_set(err, ERR_UNAVAILABLE, "the server no longer answers");
			return false;
		}
		asked = !text.p;
		if (asked ? !ws_client_send(t->ws, S("{\"type\":\"ping\",\"id\":1}"), err) : !on_frame(t, text, err))
			return false;
		fflush(stdout);
	}
	return true;
}

static bool is_passing(const struct err *err)
{
	return err->code == ERR_UNAVAILABLE || err->code == ERR_TOO_MANY || err->code == ERR_INTERNAL;
}

static bool keep_listening(struct tail *t, struct err *err)
{
	unsigned wait = 1;

	for (;;) {
		bool done;

		t->greeted = false;
		done = listen_once(t, err);
		ws_client_free(t->ws);
		t->ws = NULL;
		if (done || !t->heard || !is_passing(err))
			return done;
		wait = t->greeted ? 1 : wait * 2 < AGAIN_MAX ? wait * 2 : AGAIN_MAX;
		fprintf(stderr, "opsroom: %s; trying again in %u s\n", safe_line(&t->work.arena, str_of(err->text)).p,
			wait);
		err_clear(err);
		nanosleep(&(struct timespec){.tv_sec = wait}, NULL);
	}
}

bool sub_tail(struct cli *c, struct err *err)
{
	struct tail t = {.c = c, .work = *c, .known = *c, .left = -1};
	bool ok;

	if (option(c, "--count") && (!str_to_int(str_of(option(c, "--count")), &t.left) || t.left < 1)) {
		err_set(err, ERR_INVALID, "--count asks for a number from 1");
		return false;
	}
	arena_init(&t.work.arena);
	arena_init(&t.known.arena);
	ok = refresh_names(&t, err) && choose_channels(&t, err) && keep_listening(&t, err);
	map_done(&t.texts);
	arena_done(&t.work.arena);
	arena_done(&t.known.arena);
	return ok;
}
