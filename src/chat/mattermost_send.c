/* What is sent there: one job an order. A message carries the order's key, so that one of which nobody knows whether it arrived is found
 * again; the same key as pending_post_id has the server itself recognise a repeat for half a minute. */
#include "chat/mattermost_parts.h"

#include "base/log.h"
#include "engine/file_bytes.h"
#include "net/form.h"

#include <inttypes.h>

#define JOB_WITHIN (22 * SECOND) /* the engine takes an order back after 25 s */
#define CALL_SPARE (SECOND / 2)  /* less is no time for a call */
#define LOOK_BACK (10 * MINUTE)  /* before it was tried: so far clocks may differ */
#define FILES_MAX 10             /* of a post */

struct mm_job {
	struct mm_job *next, **before;
	struct mattermost *m;
	struct chat_order *order;
	struct arena arena;
	mono_ms until;
	bool sent;               /* what cannot be undone may have arrived */
	struct reading *reading; /* on the pool */
	size_t file_at;
	struct str file_ids;     /* a JSON list without its brackets */
	struct str file_lines;   /* of those that are not taken */
	struct str channel;      /* a direct message's, instead of the order's */
	struct str root;
	const char *remedy;      /* what helps when it is forbidden */
	bool direct;             /* it goes out as a direct message instead */
};

/* ---- the end ---- */

static void job_end(struct mm_job *j, enum post_result result, struct str id, bool untaken, wall_ms retry_at, struct str why)
{
	chat_told(j->order, result, id, untaken, retry_at, why);
	*j->before = j->next;
	if (j->next)
		j->next->before = j->before;
	arena_done(&j->arena);
	mem_free(j);
}

static void job_done(struct mm_job *j, struct str id)
{
	job_end(j, POST_DONE, id, false, 0, S(""));
}

static void job_refused(struct mm_job *j, struct str why)
{
	job_end(j, POST_REFUSED, S(""), true, 0, why);
}

/* 429 and what never left were not taken. 5xx and silence: nobody knows; the key will tell. */
static void job_failed(struct mm_job *j, const struct client_answer *a)
{
	struct err why = {0};

	mm_why(&j->arena, a, "Mattermost", &why);
	if (!a->reached || a->status >= 500) {
		job_end(j, POST_RETRY, S(""), !a->sent || !j->sent, 0, str_of(why.text));
	} else if (a->status == 429) {
		job_end(j, POST_RETRY, S(""), true, wall_now() + (a->retry_after > 0 ? a->retry_after : 1) * SECOND, S("Mattermost asks for a pause (429)"));
	} else if (a->status == 401) {
		struct mattermost *m = j->m;

		job_end(j, POST_RETRY, S(""), true, 0, str_of(why.text));
		mm_fail(m, "the token is not valid any more (401)"); /* asked again, who the bot is, before it is given up */
	} else if (a->status == 403 && j->remedy) {
		job_refused(j, arena_printf(&j->arena, "%s; %s", why.text, j->remedy));
	} else {
		job_refused(j, str_of(why.text));
	}
}

static bool is_good(const struct client_answer *a)
{
	return a->reached && a->status / 100 == 2;
}

static void call(struct mm_job *j, const char *method, struct str path, struct str body, void (*done)(void *context, const struct client_answer *a))
{
	span_ms left = j->until - mono_now();

	if (left < CALL_SPARE) {
		job_end(j, POST_RETRY, S(""), !j->sent, 0, S("the server was too slow"));
		return;
	}
	mm_ask(j->m, method, path, body, left < MM_CALL_WITHIN ? left : MM_CALL_WITHIN, done, j);
}

/* ---- posts ---- */

static struct mm_place place_of(const struct mm_job *j)
{
	return (struct mm_place){.names = &j->m->names, .key = j->m->key, .channel = j->channel, .calls = j->m->calls};
}

static struct mm_message message_of(struct mm_job *j)
{
	const struct chat_order *o = j->order;
	struct mm_place at = place_of(j);
	struct mm_message m;

	mm_message_make(&j->arena, &at, o->author, o->text, o->body, &m);
	if (j->file_lines.n)
		m.text = mm_clip(arena_printf(&j->arena, STR_FMT STR_FMT, STR_ARG(m.text), STR_ARG(j->file_lines)), MM_TEXT_MAX);
	return m;
}

static void put_message(struct mm_job *j, struct json_out *o, const struct mm_message *m, bool keyed)
{
	json_add_str(o, "message", m->text);
	json_key(o, "props");
	json_open(o, '{');
	json_add_raw(o, "attachments", m->attachments.n ? m->attachments : S("[]"));
	if (keyed)
		json_add_str(o, MM_KEY, j->order->key);
	json_close(o, '}');
}

static void put_post(struct mm_job *j, struct json_out *o, bool keyed)
{
	struct mm_message m = message_of(j);

	json_open(o, '{');
	json_add_str(o, "channel_id", j->channel);
	if (j->root.n)
		json_add_str(o, "root_id", j->root);
	put_message(j, o, &m, keyed);
	if (keyed)
		json_add_str(o, "pending_post_id", arena_printf(&j->arena, "%s:" STR_FMT, j->m->me, STR_ARG(j->order->key)));
	if (j->file_ids.n)
		json_add_raw(o, "file_ids", arena_printf(&j->arena, "[" STR_FMT "]", STR_ARG(j->file_ids)));
	json_close(o, '}');
}

static void post(struct mm_job *j);

static void on_posted(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;
	const struct json *v = mm_body(&j->arena, a);
	struct mm_post p;

	if (is_good(a) && mm_post_read(v, &p)) {
		job_done(j, p.id);
	} else if (a->reached && a->status == 400 && j->root.n && str_find(a->body, S("root_id"), NULL)) {
		j->root = S(""); /* what is replied to is gone there: better in the channel than nowhere */
		post(j);
	} else {
		job_failed(j, a);
	}
}

static void post(struct mm_job *j)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	put_post(j, &o, !j->direct);
	j->sent = true;
	j->remedy = "add the bot to the channel, or give it the right to post there";
	call(j, "POST", S("posts"), buf_keep(&j->arena, &b), on_posted);
}

/* ---- files ---- */

struct reading {
	uv_work_t uv;
	struct mm_job *job; /* NULL: nobody wants it any more */
	struct mattermost *m;
	char *data_dir;
	int64_t id;
	struct buf bytes;
	struct err err;
};

static void next_file(struct mm_job *j);

/* It is said where it is instead. */
static void file_as_line(struct mm_job *j, const struct file *f)
{
	struct str base = j->m->chat->engine->config.public_url;

	j->file_lines = arena_printf(&j->arena, STR_FMT "\n:paperclip: [" STR_FMT "](" STR_FMT "/files/" STR_FMT "/" STR_FMT ")", STR_ARG(j->file_lines),
				     STR_ARG(mm_plain(&j->arena, f->name)), STR_ARG(base), STR_ARG(id_write(&j->arena, 'F', f->id)), STR_ARG(percent_encode(&j->arena, f->name)));
	next_file(j);
}

static void on_file(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;
	const struct file *f = &j->order->files[j->file_at++];
	const struct json *infos = json_get(mm_body(&j->arena, a), "file_infos");
	struct str id = json_is(infos, JSON_ARRAY) ? json_get_str(infos->child, "id") : S("");

	if (mm_id_ok(id)) {
		j->file_ids = arena_printf(&j->arena, STR_FMT "%s\"" STR_FMT "\"", STR_ARG(j->file_ids), j->file_ids.n ? "," : "", STR_ARG(id));
		next_file(j);
	} else if (!a->reached || a->status >= 500 || a->status == 429 || a->status == 401) {
		job_failed(j, a);
	} else {
		file_as_line(j, f); /* too large, or no files are taken */
	}
}

static void reading_free(struct reading *r)
{
	struct mattermost *m = r->m;

	buf_done(&r->bytes);
	mem_free(r->data_dir);
	mem_free(r);
	mm_release(m);
}

static void read_file(uv_work_t *uv)
{
	struct reading *r = (struct reading *)uv;
	struct arena a;

	arena_init(&a);
	if (!file_bytes_get(&a, r->data_dir, r->id, &r->bytes, &r->err) && !r->err.code)
		err_set(&r->err, ERR_NOT_FOUND, "the file is gone");
	arena_done(&a);
}

static void on_read(uv_work_t *uv, int status)
{
	struct reading *r = (struct reading *)uv;
	struct mm_job *j = r->job;

	(void)status;
	if (j) {
		const struct file *f = &j->order->files[j->file_at];

		j->reading = NULL;
		if (r->err.code) {
			log_warn(EV_FILE_UNREADABLE, F_TXT("error", r->err.text));
			j->file_at++;
			file_as_line(j, f);
		} else {
			call(j, "POST", arena_printf(&j->arena, "files?channel_id=" STR_FMT "&filename=" STR_FMT, STR_ARG(j->channel), STR_ARG(percent_encode(&j->arena, f->name))),
			     buf_str(&r->bytes), on_file);
		}
	}
	reading_free(r);
}

static void next_file(struct mm_job *j)
{
	const struct chat_order *o = j->order;
	struct reading *r;

	if (j->file_at == o->file_count || j->file_at == FILES_MAX) {
		post(j);
		return;
	}
	r = mem_new(sizeof *r);
	r->job = j;
	r->m = j->m;
	r->data_dir = mem_dup(str_of(o->engine->config.data_dir));
	r->id = o->files[j->file_at].id;
	buf_init(&r->bytes, FILE_MAX_BYTES);
	j->reading = r;
	j->m->holds++;
	uv_queue_work(j->m->chat->loop, &r->uv, read_file, on_read);
}

/* ---- was it taken? ---- */

static void on_looked(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;
	const struct json *v = mm_body(&j->arena, a);
	struct mm_post *posts;
	size_t count;

	if (!v) {
		job_end(j, POST_RETRY, S(""), false, 0, S("whether it was taken cannot be found out now"));
		return;
	}
	posts = mm_posts_read(&j->arena, v, &count);
	for (size_t i = 0; i < count; i++)
		if (str_eq(posts[i].key, j->order->key) && str_is(posts[i].user_id, j->m->me)) {
			job_done(j, posts[i].id);
			return;
		}
	next_file(j);
}

static void say(struct mm_job *j)
{
	const struct chat_order *o = j->order;

	if (o->tried)
		call(j, "GET", arena_printf(&j->arena, "channels/" STR_FMT "/posts?since=%" PRId64, STR_ARG(o->channel), o->tried - LOOK_BACK), S(""), on_looked);
	else
		next_file(j);
}

/* ---- what is done to a message, and to the channel ---- */

static void on_done(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;

	if (is_good(a) || (a->reached && a->status == 404 && (j->order->verb == CHAT_DROP || j->order->verb == CHAT_UNREACT || j->order->verb == CHAT_UNPIN)))
		job_done(j, S(""));
	else
		job_failed(j, a);
}

static void change(struct mm_job *j)
{
	struct mm_message m = message_of(j);
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	put_message(j, &o, &m, true);
	json_close(&o, '}');
	j->remedy = "the bot needs the right to edit its own posts, at any time (System Console, Permissions)";
	call(j, "PUT", arena_printf(&j->arena, "posts/" STR_FMT "/patch", STR_ARG(j->order->message)), buf_keep(&j->arena, &b), on_done);
}

static void drop(struct mm_job *j)
{
	j->remedy = "the bot needs the right to delete its own posts (System Console, Permissions)";
	call(j, "DELETE", arena_printf(&j->arena, "posts/" STR_FMT, STR_ARG(j->order->message)), S(""), on_done);
}

static void react(struct mm_job *j)
{
	const struct chat_order *o = j->order;
	struct str name = percent_encode(&j->arena, o->text);

	j->remedy = "the bot needs the right to add reactions (System Console, Permissions)";
	if (o->verb == CHAT_UNREACT)
		call(j, "DELETE", arena_printf(&j->arena, "users/%s/posts/" STR_FMT "/reactions/" STR_FMT, j->m->me, STR_ARG(o->message), STR_ARG(name)), S(""), on_done);
	else
		call(j, "POST", S("reactions"),
		     arena_printf(&j->arena, "{\"user_id\":\"%s\",\"post_id\":\"" STR_FMT "\",\"emoji_name\":\"" STR_FMT "\"}", j->m->me, STR_ARG(o->message), STR_ARG(name)), on_done);
}

static void pin(struct mm_job *j)
{
	const struct chat_order *o = j->order;

	j->remedy = "add the bot to the channel";
	mm_pinned_by_us(j->m, o->message);
	call(j, "POST", arena_printf(&j->arena, "posts/" STR_FMT "/%s", STR_ARG(o->message), o->verb == CHAT_PIN ? "pin" : "unpin"), S("{}"), on_done);
}

static void set_topic(struct mm_job *j)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "header", str_clip(mm_markdown(&j->arena, j->order->text, &j->m->names), MM_TOPIC_MAX));
	json_close(&o, '}');
	j->remedy = "the bot needs the right to manage the channel's properties (System Console, Permissions)";
	call(j, "PUT", arena_printf(&j->arena, "channels/" STR_FMT "/patch", STR_ARG(j->order->channel)), buf_keep(&j->arena, &b), on_done);
}

/* ---- to one person ---- */

static void on_direct(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;
	struct mm_channel c;

	if (!is_good(a) || !mm_channel_read(mm_body(&j->arena, a), &c)) {
		job_failed(j, a);
		return;
	}
	j->channel = c.id;
	j->root = S("");
	post(j);
}

static void open_direct(struct mm_job *j, struct str person, void (*on)(void *context, const struct client_answer *a))
{
	call(j, "POST", S("channels/direct"), arena_printf(&j->arena, "[\"%s\",\"" STR_FMT "\"]", j->m->me, STR_ARG(person)), on);
}

/* As a direct message: every bot may do that. */
static void tell_directly(struct mm_job *j)
{
	j->direct = true;
	open_direct(j, j->order->person, on_direct);
}

static void on_whispered(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;

	if (is_good(a)) {
		job_done(j, S(""));
	} else if (a->reached && a->status / 100 == 4 && a->status != 429 && a->status != 401) {
		if (a->status == 403 && !j->m->no_whisper)
			log_warn(EV_CHAT_UNTOLD, F_STR("chat", j->m->chat->config->name),
				 F_TXT("why", "the bot may not post ephemeral messages, so they are direct messages; give it the right create_post_ephemeral, or make it a system admin"));
		j->m->no_whisper |= a->status == 403;
		tell_directly(j);
	} else {
		job_failed(j, a);
	}
}

static void whisper(struct mm_job *j)
{
	struct json_out o;
	struct buf b;

	if (j->m->no_whisper) {
		tell_directly(j);
		return;
	}
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "user_id", j->order->person);
	json_key(&o, "post");
	put_post(j, &o, false);
	json_close(&o, '}');
	call(j, "POST", S("posts/ephemeral"), buf_keep(&j->arena, &b), on_whispered);
}

static void on_responded(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;

	if (is_good(a))
		job_done(j, S(""));
	else
		whisper(j); /* it was used up, or is over */
}

/* A slash command may be answered where it was said, whatever the bot may do; the address is the server's own and carries no token of ours. */
static void respond(struct mm_job *j, struct str url)
{
	struct mm_message m = message_of(j);
	struct str headers[] = {S("Content-Type: application/json")};
	const struct chat_config *config = j->m->chat->config;
	struct client_request r = {.method = "POST", .url = url, .headers = headers, .header_count = 1, .deadline = MM_CALL_WITHIN, .answer_max_bytes = 64 * KIB,
				   .ca_file = config->ca_file.n ? config->ca_file.p : NULL};
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "response_type", S("ephemeral"));
	json_add_str(&o, "text", m.text);
	json_add_bool(&o, "skip_slack_parsing", true);
	if (m.attachments.n)
		json_add_raw(&o, "attachments", m.attachments);
	json_close(&o, '}');
	r.body = buf_keep(&j->arena, &b);
	http_client_send(j->m->http, &r, on_responded, j);
}

static void tell_one(struct mm_job *j)
{
	struct str trigger, url = str_cut(j->order->reply, ' ', &trigger);

	if (!mm_id_ok(j->order->person))
		job_refused(j, S("whom to tell is not known"));
	else if (str_starts(url, S("http://")) || str_starts(url, S("https://")))
		respond(j, url);
	else
		whisper(j);
}

static void ask(struct mm_job *j)
{
	struct mm_place at = place_of(j);
	struct str trigger, body;
	struct err err = {0};

	str_cut(j->order->reply, ' ', &trigger);
	if (!trigger.n || !at.calls.n)
		job_refused(j, S("a dialog opens only when a button was pressed or a slash command was said"));
	else if (!mm_dialog_make(&j->arena, &at, j->order->person, trigger, j->order->body, &body, &err))
		job_refused(j, str_of(err.text));
	else
		call(j, "POST", S("actions/dialogs/open"), body, on_done);
}

/* ---- orders ---- */

static void (*const verbs[])(struct mm_job *j) = {
	[CHAT_SAY] = say,   [CHAT_CHANGE] = change, [CHAT_DROP] = drop,           [CHAT_REACT] = react,      [CHAT_UNREACT] = react,
	[CHAT_PIN] = pin, [CHAT_UNPIN] = pin,     [CHAT_SET_TOPIC] = set_topic, [CHAT_WHISPER] = tell_one, [CHAT_ASK] = ask,
};

/* "@ID": the direct message with that person. */
static void on_opened(void *context, const struct client_answer *a)
{
	struct mm_job *j = context;
	struct mm_channel c;

	if (!is_good(a) || !mm_channel_read(mm_body(&j->arena, a), &c)) {
		job_failed(j, a);
		return;
	}
	j->channel = j->order->channel = arena_dup(&j->order->arena, c.id);
	verbs[j->order->verb](j);
}

void mm_send(void *self, struct chat_order *o)
{
	struct mattermost *m = self;
	struct mm_job *j = mem_new(sizeof *j);

	arena_init(&j->arena);
	j->m = m;
	j->order = o;
	j->until = mono_now() + JOB_WITHIN;
	j->channel = o->channel;
	j->root = o->thread;
	j->file_ids = j->file_lines = S("");
	j->next = m->jobs;
	j->before = &m->jobs;
	if (j->next)
		j->next->before = &j->next;
	m->jobs = j;
	if (o->channel.n > 1 && o->channel.p[0] == '@' && mm_id_ok(str_n(o->channel.p + 1, o->channel.n - 1)))
		open_direct(j, str_n(o->channel.p + 1, o->channel.n - 1), on_opened);
	else if (!mm_id_ok(o->channel))
		job_refused(j, S("the channel's id is none of Mattermost's"));
	else
		verbs[o->verb](j);
}

void mm_send_end(struct mattermost *m)
{
	while (m->jobs) {
		struct mm_job *j = m->jobs;

		http_client_cancel(m->http, j);
		if (j->reading)
			j->reading->job = NULL;
		job_end(j, POST_RETRY, S(""), !j->sent, 0, S("the connection is being closed"));
	}
}
