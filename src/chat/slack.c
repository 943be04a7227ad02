/* Slack as a chat system: by Socket Mode, or by its Events API where it can reach us (docs.slack.dev: Web API, Socket Mode, Events API). */
#include "chat/slack_parts.h"

#include "base/crypt.h"
#include "base/log.h"
#include "chat/table.h"
#include "engine/file_bytes.h"
#include "ops/app.h"
#include "ops/slack_app.h"
#include "ops/text.h"

#define BEAT_EVERY (10 * SECOND)
#define BEAT_WITHIN (6 * SECOND)
#define BEAT_AGAIN SECOND
#define JOB_WITHIN (22 * SECOND)    /* the engine's claim of an order is 25 s */
#define LOOK_AROUND (5 * MINUTE)    /* what was sent then may have a time there that differs a little */
#define LOOK_PAGES 20
#define FILES_MAX 10
#define TOPIC_MAX 250               /* bytes; Slack's 250 are characters */
#define TEXT_MAX 4000
#define AT_ONCE 16

/* ---- the clock ---- */

static void on_timer(uv_timer_t *t)
{
	struct slack *s = t->data;
	mono_ms now = mono_now();

	s->wake = NEVER;
	if (!s->refused && !s->beating && now >= s->beat_at)
		slack_doubt(s);
	if (s->beat_at > now)
		slack_wake(s, s->beat_at);
	slack_links_tend(s, now);
	slack_hear_tend(s, now);
	slack_calls_tend(s, mono_now());
}

void slack_wake(struct slack *s, mono_ms at)
{
	mono_ms now = mono_now();

	if (s->closing || at >= s->wake)
		return;
	s->wake = at;
	uv_timer_start(&s->timer, on_timer, at > now ? (uint64_t)(at - now) : 0, 0);
}

span_ms slack_backoff(unsigned failures)
{
	span_ms span = failures < 6 ? SECOND << failures : MINUTE;
	uint32_t chance;

	crypt_random(&chance, sizeof chance);
	return span - (span_ms)(chance % (uint32_t)(span / 4));
}

/* ---- is it there? ---- */

bool slack_may(const struct slack *s, const char *scope)
{
	return !s->scopes.n || app_scope_has(s->scopes, str_of(scope));
}

/* What is missing is left out, or fails when it is needed: whoever made the app hears of all of it at once. */
static void name_missing(struct slack *s)
{
	struct str missing = S("");

	for (size_t i = 0; s->scopes.n && i < slack_scope_count; i++)
		if (!slack_may(s, slack_scopes[i].name))
			missing = arena_printf(&s->self_arena, STR_FMT "%s%s", STR_ARG(missing), missing.n ? " " : "", slack_scopes[i].name);
	if (missing.n)
		log_warn(EV_CHAT_SCOPES, F_STR("chat", s->chat->config->name), F_STR("missing", missing), F_STR("remedy", S("add them under OAuth & Permissions and install the app again")));
}

static void know_self(struct slack *s, const struct slack_answer *a)
{
	struct str scopes = client_header(a->http, "x-oauth-scopes");
	wall_ms there = client_date(a->http);

	s->ahead = there ? there - wall_now() : 0;
	if (s->known && str_eq(scopes, s->scopes))
		return;
	arena_reset(&s->self_arena);
	s->self = (struct slack_self){arena_dup(&s->self_arena, json_get_str(a->body, "user_id")), arena_dup(&s->self_arena, json_get_str(a->body, "bot_id")),
				     arena_dup(&s->self_arena, json_get_str(a->body, "team_id"))};
	s->scopes = arena_dup(&s->self_arena, scopes);
	s->no_customize = !slack_may(s, "chat:write.customize");
	name_missing(s);
	if (!s->known)
		chat_heard(s->chat, &(struct heard){.what = HEARD_PERSON, .person = {.id = s->self.user_id, .name = json_get_str(a->body, "user"), .is_self = true, .is_bot = true}}, NULL, NULL);
	s->known = true;
}

static void beat_failed(struct slack *s, const char *why)
{
	bool first = s->api_ok && !s->beats_missed++;

	s->beat_at = mono_now() + (first ? BEAT_AGAIN : slack_backoff(s->beats_missed));
	if (first)
		return; /* once is nothing */
	s->api_ok = false;
	slack_settle(s, why);
}

static void on_beat(void *context, const struct slack_answer *a)
{
	struct slack *s = context;

	s->beating = false;
	s->beat_at = mono_now() + BEAT_EVERY;
	if (a->outcome == SLACK_OK && json_get_str(a->body, "user_id").n) {
		know_self(s, a);
		s->api_ok = true;
		s->beats_missed = 0;
		slack_settle(s, NULL);
	} else if (a->outcome == SLACK_ENDED || str_is(a->error, "not_allowed_token_type")) {
		slack_give_up(s, arena_dup(a->arena, a->why).p);
	} else if (a->outcome == SLACK_LATER && a->http && a->http->reached) {
		s->beat_at = mono_now() + (a->wait > BEAT_EVERY ? a->wait : BEAT_EVERY); /* it is there, and has no time */
	} else {
		beat_failed(s, a->why.n ? arena_dup(a->arena, a->why).p : "auth.test does not say who the bot is");
	}
	slack_wake(s, 0);
}

void slack_doubt(struct slack *s)
{
	bool soon = mono_now() < s->beat_at && (!s->api_ok || s->beats_missed);

	if (s->beating || soon || s->refused || s->closing)
		return;
	s->beating = true;
	slack_call(s, SLACK_AUTH_TEST, &(struct slack_args){0}, BEAT_WITHIN, on_beat, s);
}

void slack_settle(struct slack *s, const char *why)
{
	bool there = s->api_ok && (!s->chat->config->app_token.n || slack_links_ready(s)), up;

	if (s->closing || s->refused)
		return;
	s->listed &= there;
	if (there && !s->listed && !s->listing) {
		s->listing = true;
		slack_list(s);
	}
	up = there && s->listed;
	if (up && !s->up) {
		s->up = true;
		chat_up(s->chat);
		slack_people_start(s);
	} else if (!up && (s->up || why)) {
		s->up = false;
		chat_down(s->chat, why ? why : "Socket Mode has no connection");
	}
}

void slack_listed(struct slack *s)
{
	s->listing = false;
	s->listed = true; /* slack_settle() knows better if it went away meanwhile */
	slack_settle(s, NULL);
}

void slack_give_up(struct slack *s, const char *why)
{
	if (s->refused || s->closing)
		return;
	s->refused = true;
	s->up = false;
	slack_links_end(s);
	chat_refused(s->chat, why);
}

/* ---- an order ---- */

struct slack_job {
	struct slack_job *next, *prev;
	struct slack *slack;
	struct chat_order *order;
	struct slack_call *call;
	mono_ms until;
	bool joined;  /* it was tried */
	bool unsure;  /* an earlier try may have arrived */
	bool by_message; /* a whisper that becomes a direct message */
	unsigned pages, asked;
	size_t next_file; /* of the order's */
	size_t files;     /* that are there */
	struct str ids[FILES_MAX], titles[FILES_MAX];
	struct str lost;  /* what is said of those that could not be brought */
};

static void act(struct slack_job *j);
static void upload(struct slack_job *j);
static void say(struct slack_job *j);

static void job_end(struct slack_job *j, enum post_result result, struct str id, bool untaken, wall_ms retry_at, struct str why)
{
	struct chat_order *o = j->order;
	struct slack *s = j->slack;

	if (j->prev)
		j->prev->next = j->next;
	else
		s->jobs = j->next;
	if (j->next)
		j->next->prev = j->prev;
	id = arena_dup(&o->arena, id); /* they may lie in the call's memory */
	why = arena_dup(&o->arena, why);
	mem_free(j);
	chat_told(o, result, id, untaken, retry_at, why);
}

static void done(struct slack_job *j, struct str id)
{
	job_end(j, POST_DONE, id, false, 0, S(""));
}

static void refused(struct slack_job *j, struct str why)
{
	job_end(j, POST_REFUSED, S(""), true, 0, why);
}

static void again(struct slack_job *j, bool untaken, span_ms wait, struct str why)
{
	job_end(j, POST_RETRY, S(""), untaken && !j->unsure, wait ? wall_now() + wait : 0, why);
}

static void ask(struct slack_job *j, enum slack_method m, const struct slack_args *args, slack_done *on)
{
	j->call = slack_call(j->slack, m, args, j->until - mono_now(), on, j);
}

static void on_joined(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;

	if (a->outcome == SLACK_OK)
		act(j);
	else if (a->outcome == SLACK_LATER)
		again(j, true, a->wait, a->why);
	else
		refused(j, S("the bot is not in the channel, and cannot join it: invite it there with /invite"));
}

/* What went wrong with an order as a whole. */
static void fail(struct slack_job *j, const struct slack_answer *a)
{
	struct slack_args args = {0};

	switch (a->outcome) {
	case SLACK_LATER:
		again(j, true, a->wait, a->why);
		return;
	case SLACK_ENDED:
		slack_give_up(j->slack, arena_dup(a->arena, a->why).p);
		again(j, true, 0, a->why);
		return;
	case SLACK_OUTSIDE:
		if (j->joined || str_starts(j->order->channel, S("D")))
			break;
		j->joined = true;
		slack_arg(&args, "channel", j->order->channel);
		ask(j, SLACK_JOIN, &args, on_joined);
		return;
	case SLACK_REFUSED:
		break;
	default:
		again(j, false, 0, a->why);
		return;
	}
	refused(j, a->why);
}

static struct slack_say say_of(const struct slack_job *j)
{
	const struct chat_order *o = j->order;

	struct str text = j->lost.n ? arena_printf(&j->order->arena, STR_FMT STR_FMT, STR_ARG(o->text), STR_ARG(j->lost)) : o->text;

	return (struct slack_say){.channel = o->channel, .thread = o->thread, .text = text, .body = o->body, .author = o->author, .may_customize = !j->slack->no_customize,
				  .broadcast = o->broadcast, .key = o->key};
}

/* ---- what was sent, and nobody knows whether it arrived ---- */

static void look(struct slack_job *j, struct str cursor);

static void on_looked(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;
	struct str ts = slack_find_key(json_get(a->body, "messages"), j->order->key), cursor = json_get_str(json_get(a->body, "response_metadata"), "next_cursor");

	if (a->outcome == SLACK_LATER || a->outcome == SLACK_UNSURE || a->outcome == SLACK_ENDED) {
		fail(j, a);
	} else if (ts.n) {
		done(j, ts);
	} else if (a->outcome == SLACK_OK && cursor.n && ++j->pages < LOOK_PAGES) {
		look(j, cursor);
	} else {
		j->unsure = false; /* it is not there; or nobody may look */
		act(j);
	}
}

static void look(struct slack_job *j, struct str cursor)
{
	const struct chat_order *o = j->order;
	struct slack_args args = {0};

	slack_arg(&args, "channel", o->channel);
	if (o->thread.n)
		slack_arg(&args, "ts", o->thread);
	slack_arg(&args, "oldest", slack_ts(&j->order->arena, o->tried + j->slack->ahead - LOOK_AROUND));
	if (!clock_is_virtual()) /* that one jumps */
		slack_arg(&args, "latest", slack_ts(&j->order->arena, o->tried + j->slack->ahead + LOOK_AROUND));
	slack_arg(&args, "include_all_metadata", S("true"));
	slack_arg(&args, "limit", S("200"));
	if (cursor.n)
		slack_arg(&args, "cursor", cursor);
	ask(j, o->thread.n ? SLACK_REPLIES : SLACK_HISTORY, &args, on_looked);
}

/* ---- files: a place for each, its bytes there, then one message ---- */

static void on_shared(void *context, const struct slack_answer *a);

static void ask_shared(struct slack_job *j)
{
	struct slack_args args = {0};

	slack_arg(&args, "file", j->ids[0]);
	ask(j, SLACK_FILE_INFO, &args, on_shared);
}

/* Slack makes the message a moment later. If it takes longer than we may, the next try finds it by its key. */
static void on_shared(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;
	const struct json *files = json_get(a->body, "files"), *file = files ? files->child : json_get(a->body, "file");
	struct str ts = slack_file_shared(file, j->order->channel);

	if (ts.n)
		done(j, ts);
	else if (a->outcome != SLACK_OK && !j->asked)
		fail(j, a);
	else if (++j->asked < 10 && j->until - mono_now() > 2 * SECOND)
		ask_shared(j);
	else
		again(j, false, 2 * SECOND, S("Slack has not yet made the message of the file"));
}

static void files_done(struct slack_job *j)
{
	struct slack_say say = say_of(j);
	struct slack_args args = {0};

	slack_files_args(&j->order->arena, &args, &say, j->ids, j->titles, j->files);
	ask(j, SLACK_FILE_DONE, &args, on_shared);
}

static void on_uploaded(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;

	if (a->outcome != SLACK_OK) {
		again(j, true, a->wait, arena_printf(a->arena, "uploading a file: " STR_FMT, STR_ARG(a->why))); /* nobody sees it yet */
		return;
	}
	j->files++;
	j->next_file++;
	upload(j);
}

/* What is said with it shall not be lost with it. */
static void leave_out(struct slack_job *j, struct str why)
{
	struct chat_order *o = j->order;

	j->lost = arena_printf(&o->arena, STR_FMT "\n_" STR_FMT " could not be brought here: " STR_FMT "_", STR_ARG(j->lost), STR_ARG(mrkdwn_escape(&o->arena, o->files[j->next_file].name)),
			       STR_ARG(mrkdwn_escape(&o->arena, why)));
	j->next_file++;
	upload(j);
}

static void on_place(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;
	struct chat_order *o = j->order;
	struct err err = {0};
	struct buf bytes;
	bool there;

	if (a->outcome == SLACK_REFUSED) {
		leave_out(j, a->why);
		return;
	}
	if (a->outcome != SLACK_OK) {
		fail(j, a);
		return;
	}
	j->ids[j->files] = arena_dup(&o->arena, json_get_str(a->body, "file_id"));
	buf_init(&bytes, FILE_MAX_BYTES);
	there = file_bytes_get(&o->arena, o->engine->config.data_dir, o->files[j->next_file].id, &bytes, &err);
	if (there)
		j->call = slack_send_raw(j->slack, json_get_str(a->body, "upload_url"), S("application/octet-stream"), buf_str(&bytes), j->until - mono_now(), on_uploaded, j);
	buf_done(&bytes);
	if (!there)
		leave_out(j, S("its bytes are gone"));
}

static void upload(struct slack_job *j)
{
	struct chat_order *o = j->order;
	const struct file *f = &o->files[j->next_file];
	struct slack_args args = {0};

	if (j->next_file == o->file_count || j->files == FILES_MAX) {
		if (j->files)
			files_done(j);
		else
			say(j);
		return;
	}
	j->titles[j->files] = f->title.n ? f->title : f->name;
	slack_arg(&args, "filename", f->name.n ? f->name : S("file"));
	slack_arg(&args, "length", arena_printf(&o->arena, "%lld", (long long)f->size_bytes));
	ask(j, SLACK_FILE_URL, &args, on_place);
}

/* ---- the rest ---- */

static void on_said(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;

	if (a->outcome == SLACK_OK) {
		done(j, json_get_str(a->body, "ts"));
	} else if (str_is(a->error, "missing_scope") && !j->slack->no_customize && j->order->author.n && str_is(json_get_str(a->body, "needed"), "chat:write.customize")) {
		j->slack->no_customize = true;
		act(j);
	} else {
		fail(j, a);
	}
}

static void say(struct slack_job *j)
{
	struct slack_say said = say_of(j);
	struct slack_args args = {0};

	if (j->by_message)
		said.channel = j->order->person, said.thread = S("");
	slack_say_args(&j->order->arena, &args, &said);
	ask(j, SLACK_POST, &args, on_said);
}

static void on_done(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;

	if (a->outcome == SLACK_OK)
		done(j, S(""));
	else
		fail(j, a);
}

/* Who is not in the channel is told by a direct message. */
static void on_whispered(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;

	if (a->outcome == SLACK_OUTSIDE && !j->by_message) {
		j->by_message = true;
		say(j);
		return;
	}
	on_done(context, a);
}

static void whisper(struct slack_job *j)
{
	struct slack_say said = say_of(j);
	struct slack_args args = {0};

	slack_whisper_args(&j->order->arena, &args, &said, j->order->person);
	ask(j, SLACK_POST_EPHEMERAL, &args, on_whispered);
}

/* Five uses and half an hour; past that it says no, and there is another way. */
static void on_responded(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;

	if (a->outcome == SLACK_REFUSED || a->outcome == SLACK_LATER)
		whisper(j);
	else
		on_done(context, a);
}

static void answer_person(struct slack_job *j)
{
	struct chat_order *o = j->order;
	struct slack_say said = say_of(j);
	struct slack_reply r;

	if (slack_reply_read(&o->arena, o->reply, &r) && r.url.n && wall_now() - r.at < SLACK_REPLY_LIFE)
		j->call = slack_send_raw(j->slack, r.url, S("application/json; charset=utf-8"), slack_respond_body(&o->arena, &said), j->until - mono_now(), on_responded, j);
	else
		whisper(j);
}

static void ask_person(struct slack_job *j)
{
	struct slack_args args = {0};
	struct slack_reply r;

	if (!slack_reply_read(&j->order->arena, j->order->reply, &r) || !r.trigger.n) {
		refused(j, S("a dialog opens only for who has just pressed something"));
		return;
	}
	slack_arg(&args, "trigger_id", r.trigger);
	slack_arg(&args, "view", j->order->body);
	ask(j, SLACK_VIEW_OPEN, &args, on_done);
}

static void change(struct slack_job *j)
{
	struct slack_say said = say_of(j);
	struct slack_args args = {0};

	slack_change_args(&j->order->arena, &args, &said, j->order->message);
	ask(j, SLACK_UPDATE, &args, on_done);
}

/* Methods that take a channel and one thing of it. */
static void simple(struct slack_job *j, enum slack_method m, const char *key, struct str value, const char *key2, struct str value2)
{
	struct slack_args args = {0};

	slack_arg(&args, "channel", j->order->channel);
	slack_arg(&args, key, value);
	if (key2)
		slack_arg(&args, key2, value2);
	ask(j, m, &args, on_done);
}

static void act(struct slack_job *j)
{
	const struct chat_order *o = j->order;

	switch (o->verb) {
	case CHAT_SAY:
		if (o->file_count)
			upload(j);
		else
			say(j);
		return;
	case CHAT_CHANGE:
		change(j);
		return;
	case CHAT_DROP:
		simple(j, SLACK_DELETE, "ts", o->message, NULL, S(""));
		return;
	case CHAT_REACT:
		simple(j, SLACK_REACT, "timestamp", o->message, "name", o->text);
		return;
	case CHAT_UNREACT:
		simple(j, SLACK_UNREACT, "timestamp", o->message, "name", o->text);
		return;
	case CHAT_PIN:
		simple(j, SLACK_PIN, "timestamp", o->message, NULL, S(""));
		return;
	case CHAT_UNPIN:
		simple(j, SLACK_UNPIN, "timestamp", o->message, NULL, S(""));
		return;
	case CHAT_SET_TOPIC:
		simple(j, SLACK_SET_TOPIC, "topic", str_clip(o->text, TOPIC_MAX), NULL, S(""));
		return;
	case CHAT_WHISPER:
		answer_person(j);
		return;
	case CHAT_ASK:
		ask_person(j);
		return;
	}
}

static void begin(struct slack_job *j)
{
	if (j->unsure)
		look(j, S(""));
	else
		act(j);
}

static void on_direct(void *context, const struct slack_answer *a)
{
	struct slack_job *j = context;

	if (a->outcome == SLACK_OK) {
		j->order->channel = arena_dup(&j->order->arena, json_get_str(json_get(a->body, "channel"), "id"));
		begin(j);
	} else {
		fail(j, a);
	}
}

/* "@U1": the direct message with that person. */
static void open_direct(struct slack_job *j)
{
	struct slack_args args = {0};

	slack_arg(&args, "users", str_n(j->order->channel.p + 1, j->order->channel.n - 1));
	ask(j, SLACK_OPEN, &args, on_direct);
}

static void slack_send(void *self, struct chat_order *o)
{
	struct slack *s = self;
	struct slack_job *j = mem_new(sizeof *j);

	j->slack = s;
	j->order = o;
	j->until = mono_now() + JOB_WITHIN;
	j->next = s->jobs;
	if (j->next)
		j->next->prev = j;
	s->jobs = j;
	o->adapter = j;
	j->unsure = o->tried && o->verb == CHAT_SAY;
	if (s->refused || s->closing)
		again(j, true, 0, S("Slack refuses the token"));
	else if (o->channel.n > 1 && o->channel.p[0] == '@')
		open_direct(j);
	else
		begin(j);
}

/* ---- the row ---- */

static void on_timer_closed(uv_handle_t *h)
{
	struct slack *s = h->data;

	arena_done(&s->self_arena);
	mem_free(s);
}

static void *slack_open(struct chat *chat, struct err *err)
{
	struct slack *s = mem_new(sizeof *s);

	(void)err;
	s->chat = chat;
	s->wake = NEVER;
	arena_init(&s->self_arena);
	s->http = http_client_new(chat->loop, AT_ONCE);
	uv_timer_init(chat->loop, &s->timer);
	s->timer.data = s;
	slack_calls_start(s);
	slack_wake(s, 0);
	return s;
}

static void slack_close(void *self)
{
	struct slack *s = self;

	s->closing = true;
	while (s->jobs) {
		struct slack_job *j = s->jobs;

		again(j, !j->call || !j->call->sent || !slack_call_is_once(j->call), 0, S("the adapter ends"));
	}
	slack_calls_end(s);
	slack_links_end(s);
	slack_hear_end(s);
	http_client_free(s->http);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

static void slack_called(void *self, struct chat_call *c)
{
	slack_hear_call(self, c);
}

const struct chat_kind chat_slack = {
	.name = "slack",
	.can = CHAT_CAN_THREADS | CHAT_CAN_BUTTONS | CHAT_CAN_EDIT | CHAT_CAN_WHISPER | CHAT_CAN_FILES | CHAT_CAN_REACT | CHAT_CAN_DROP | CHAT_CAN_PIN | CHAT_CAN_TOPIC | CHAT_CAN_ASK,
	.pace = SECOND,
	.text_max = TEXT_MAX,
	.open = slack_open,
	.close = slack_close,
	.send = slack_send,
	.call = slack_called,
};
