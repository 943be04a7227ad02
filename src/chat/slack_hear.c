#include "chat/slack_parts.h"

#include "base/crypt.h"
#include "net/form.h"

#define PEOPLE_MAX 50000           /* that are known by name at once */
#define PEOPLE_AT_START 10000
#define ACK_WITHIN 2500            /* ms; Slack's own limit is 3 s */
#define PAGE S("200")

/* ---- who people are ---- */

struct slack_known {
	char *id, *name, *real_name, *email; /* of one piece with the struct */
	bool is_bot;
};

static uint64_t key_of(struct str id)
{
	return hash_mix(fnv_add(FNV_START, id));
}

static struct slack_known *known(const struct slack *s, struct str id)
{
	struct slack_known *k = map_get(&s->people, key_of(id));

	return k && str_is(id, k->id) ? k : NULL;
}

static char *put(char **to, struct str s)
{
	char *at = *to;

	if (s.n)
		memcpy(at, s.p, s.n);
	at[s.n] = '\0';
	*to += s.n + 1;
	return at;
}

static void people_forget(struct slack *s)
{
	void *k;

	for (size_t i = 0; map_next(&s->people, &i, &k);)
		mem_free(k);
	map_done(&s->people);
	s->people = (struct map){0};
	s->people_count = 0;
}

static void keep(struct slack *s, const struct slack_person *p)
{
	struct slack_known *k;
	char *to;

	if (s->people_count >= PEOPLE_MAX)
		people_forget(s);
	k = mem_new(sizeof *k + p->id.n + p->name.n + p->real_name.n + p->email.n + 4);
	to = (char *)(k + 1);
	k->id = put(&to, p->id);
	k->name = put(&to, p->name);
	k->real_name = put(&to, p->real_name);
	k->email = put(&to, p->email);
	k->is_bot = p->is_bot;
	mem_free(map_take(&s->people, key_of(p->id)));
	map_put(&s->people, key_of(p->id), k);
	s->people_count = s->people.count;
}

static struct heard_person person_heard(const struct slack *s, const struct slack_person *p)
{
	const struct slack_known *k = known(s, p->id);
	struct heard_person out = {.id = p->id, .name = p->name, .real_name = p->real_name, .email = p->email, .is_bot = p->is_bot};

	if (k) {
		out.name = str_of(k->name);
		out.real_name = str_of(k->real_name);
		out.email = str_of(k->email);
		out.is_bot |= k->is_bot;
	}
	return out;
}

static void tell_person(struct slack *s, const struct slack_person *p)
{
	struct heard h = {.what = HEARD_PERSON};

	keep(s, p);
	h.person = person_heard(s, p);
	chat_heard(s->chat, &h, NULL, NULL);
}

static void on_people(void *context, const struct slack_answer *answer);

static void ask_people(struct slack *s, struct str cursor)
{
	struct slack_args args = {0};

	slack_arg(&args, "limit", PAGE);
	if (cursor.n)
		slack_arg(&args, "cursor", cursor);
	slack_call(s, SLACK_USERS, &args, HOUR, on_people, s);
}

static struct str cursor_of(const struct slack_answer *answer)
{
	return json_get_str(json_get(answer->body, "response_metadata"), "next_cursor");
}

static void on_people(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	const struct json *list = json_get(answer->body, "members");
	struct slack_person p;

	s->people_asked = answer->outcome == SLACK_OK; /* else again, when it is up again */
	for (const struct json *v = json_is(list, JSON_ARRAY) ? list->child : NULL; v; v = v->next) {
		slack_read_person(v, &s->self, &p);
		if (p.id.n && p.name.n && !p.deleted && !str_eq(p.id, s->self.user_id))
			tell_person(s, &p);
	}
	if (cursor_of(answer).n && s->people_count < PEOPLE_AT_START)
		ask_people(s, cursor_of(answer));
}

void slack_people_start(struct slack *s)
{
	if (s->people_asked)
		return;
	s->people_asked = true;
	ask_people(s, S(""));
}

/* ---- channels ---- */

/* While channels are being listed. */
struct slack_channel_list {
	struct slack *slack;
	bool *there; /* of config->channels: the bot is in it, or nothing more can be done */
	size_t next;
};

static struct heard_channel channel_heard(const struct slack_channel *c)
{
	return (struct heard_channel){.id = c->id, .name = c->name, .topic = c->topic, .is_private = c->is_private, .direct = c->direct};
}

static void tell_joined(struct slack *s, const struct slack_channel *c)
{
	struct heard h = {.what = HEARD_JOINED, .channel = channel_heard(c)};

	for (size_t i = 0; s->channels && i < s->chat->config->channel_count; i++) {
		struct str there = s->chat->config->channels[i].there;

		s->channels->there[i] |= str_eq(there, c->name) || str_eq(there, c->id);
	}
	chat_heard(s->chat, &h, NULL, NULL);
}

static void list_end(struct slack *s)
{
	mem_free(s->channels->there);
	mem_free(s->channels);
	s->channels = NULL;
	slack_listed(s);
}

static void go_through(struct slack *s);

static void on_channel(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	struct slack_channel c;

	slack_read_channel(json_get(answer->body, "channel"), &c);
	if (answer->outcome == SLACK_OK && c.id.n)
		tell_joined(s, &c);
	go_through(s);
}

static void join(struct slack *s, struct str id)
{
	struct slack_args args = {0};

	slack_arg(&args, "channel", id);
	slack_call(s, SLACK_JOIN, &args, MINUTE, on_channel, s);
}

/* Those that are wanted and not there: by id at once; names were looked for. What is not there is made, or left. */
static void go_through(struct slack *s)
{
	const struct chat_config *config = s->chat->config;

	while (s->channels->next < config->channel_count) {
		size_t i = s->channels->next++;
		const struct chat_channel *c = &config->channels[i];
		struct slack_args args = {0};

		if (s->channels->there[i])
			continue;
		if (c->there.n > 8 && (c->there.p[0] == 'C' || c->there.p[0] == 'G')) { /* names have no capitals */
			join(s, c->there);
			return;
		}
		if (!c->make)
			continue;
		slack_arg(&args, "name", c->there);
		slack_call(s, SLACK_CREATE, &args, MINUTE, on_channel, s);
		return;
	}
	list_end(s);
}

static bool all_there(const struct slack *s)
{
	for (size_t i = 0; i < s->chat->config->channel_count; i++)
		if (!s->channels->there[i] && !(s->chat->config->channels[i].there.n > 8 && s->chat->config->channels[i].there.p[0] <= 'Z'))
			return false;
	return true;
}

static void ask_all(struct slack *s, struct str cursor);

static void on_joined(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	struct slack_channel c;

	slack_read_channel(json_get(answer->body, "channel"), &c);
	if (answer->outcome == SLACK_OK && c.id.n)
		tell_joined(s, &c);
}

static void on_all(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	const struct json *list = json_get(answer->body, "channels");
	struct slack_channel c;

	for (const struct json *v = json_is(list, JSON_ARRAY) ? list->child : NULL; v; v = v->next) {
		slack_read_channel(v, &c);
		for (size_t i = 0; i < s->chat->config->channel_count; i++) {
			struct slack_args args = {0};

			if (s->channels->there[i] || !str_eq(s->chat->config->channels[i].there, c.name) || c.archived || c.is_member)
				continue;
			s->channels->there[i] = true;
			slack_arg(&args, "channel", c.id);
			slack_call(s, SLACK_JOIN, &args, MINUTE, on_joined, s);
		}
	}
	if (cursor_of(answer).n && !all_there(s))
		ask_all(s, cursor_of(answer));
	else
		go_through(s);
}

static void ask_all(struct slack *s, struct str cursor)
{
	struct slack_args args = {0};

	slack_arg(&args, "types", S("public_channel"));
	slack_arg(&args, "exclude_archived", S("true"));
	slack_arg(&args, "limit", PAGE);
	if (cursor.n)
		slack_arg(&args, "cursor", cursor);
	slack_call(s, SLACK_LIST, &args, MINUTE, on_all, s);
}

static void on_ours(void *context, const struct slack_answer *answer);

static void ask_ours(struct slack *s, struct str cursor)
{
	struct slack_args args = {0};

	slack_arg(&args, "types", slack_may(s, "groups:read") ? S("public_channel,private_channel") : S("public_channel"));
	slack_arg(&args, "exclude_archived", S("true"));
	slack_arg(&args, "limit", PAGE);
	if (cursor.n)
		slack_arg(&args, "cursor", cursor);
	slack_call(s, SLACK_OURS, &args, MINUTE, on_ours, s);
}

static void on_ours(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	const struct json *list = json_get(answer->body, "channels");
	struct slack_channel c;

	for (const struct json *v = json_is(list, JSON_ARRAY) ? list->child : NULL; v; v = v->next) {
		slack_read_channel(v, &c);
		if (c.id.n && !c.direct)
			tell_joined(s, &c);
	}
	if (cursor_of(answer).n)
		ask_ours(s, cursor_of(answer));
	else if (all_there(s))
		go_through(s);
	else
		ask_all(s, S(""));
}

void slack_list(struct slack *s)
{
	s->channels = mem_new(sizeof *s->channels);
	s->channels->slack = s;
	s->channels->there = mem_new((s->chat->config->channel_count + 1) * sizeof *s->channels->there);
	ask_ours(s, S(""));
}

/* ---- what was heard goes on ---- */

static void in_free(struct slack_in *in)
{
	struct slack *s = in->slack;

	if (in->prev)
		in->prev->next = in->next;
	else
		s->in = in->next;
	if (in->next)
		in->next->prev = in->prev;
	else
		s->in_last = in->prev;
	arena_done(&in->arena);
	mem_free(in);
}

/* Our own side has it, or takes nothing now: then Slack sends it again. */
static void in_done(struct slack_in *in, bool kept)
{
	struct chat_call *call = in->call;

	if (in->link && in->envelope.n && kept)
		slack_link_ack(in->link, in->envelope);
	in->link = NULL;
	in->call = NULL;
	if (call)
		call->answer(call, kept ? 200 : 503, kept ? NULL : "text/plain", kept ? S("") : S("try again\n"));
}

static void on_kept(void *context, bool kept)
{
	in_done(context, kept);
	in_free(context);
}

static const enum heard_what whats[] = {
	[SLACK_HEARD_MESSAGE] = HEARD_MESSAGE, [SLACK_HEARD_CHANGED] = HEARD_CHANGED, [SLACK_HEARD_DROPPED] = HEARD_DROPPED, [SLACK_HEARD_REACTED] = HEARD_REACTED,
	[SLACK_HEARD_UNREACTED] = HEARD_UNREACTED, [SLACK_HEARD_PINNED] = HEARD_PINNED, [SLACK_HEARD_UNPINNED] = HEARD_UNPINNED, [SLACK_HEARD_TOPIC] = HEARD_TOPIC,
	[SLACK_HEARD_PRESS] = HEARD_PRESS, [SLACK_HEARD_DIALOG] = HEARD_DIALOG, [SLACK_HEARD_SLASH] = HEARD_SLASH, [SLACK_HEARD_JOINED] = HEARD_JOINED,
	[SLACK_HEARD_LEFT] = HEARD_LEFT, [SLACK_HEARD_RENAMED] = HEARD_RENAMED, [SLACK_HEARD_PERSON] = HEARD_PERSON,
};

static void hand_in(struct slack_in *in)
{
	struct slack *s = in->slack;
	const struct slack_heard *e = &in->heard;
	struct heard h = {.what = whats[e->what], .event = e->event, .channel = channel_heard(&e->channel), .person = person_heard(s, &e->person), .message = e->message, .thread = e->thread,
			  .text = e->text, .name = e->name, .action = e->action, .value = e->value, .view = e->view, .reply = e->reply};

	in->handed = true;
	chat_heard(s->chat, &h, on_kept, in);
}

static void on_who(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	struct slack_in *first = s->in;
	struct slack_person p;

	s->looking = NULL;
	slack_read_person(json_get(answer->body, "user"), &s->self, &p);
	if (answer->outcome == SLACK_OK && p.id.n && p.name.n)
		keep(s, &p);
	while (first && (first->handed || !first->ordered))
		first = first->next;
	if (first && !known(s, first->heard.person.id))
		first->heard.person.name = first->heard.person.id; /* nobody knows: their id is their name */
	slack_wake(s, 0);
}

static void on_where(void *context, const struct slack_answer *answer)
{
	struct slack *s = context;
	struct slack_in *first = s->in;
	struct slack_channel c;

	s->looking = NULL;
	while (first && (first->handed || !first->ordered))
		first = first->next;
	if (!first)
		return;
	slack_read_channel(json_get(answer->body, "channel"), &c);
	if (answer->outcome == SLACK_OK && str_eq(c.id, first->heard.channel.id))
		first->heard.channel = (struct slack_channel){.id = arena_dup(&first->arena, c.id), .name = arena_dup(&first->arena, c.name), .topic = arena_dup(&first->arena, c.topic),
							      .is_private = c.is_private, .direct = c.direct};
	hand_in(first);
	slack_wake(s, 0);
}

/* The directory must be asked first: by whom was it said, what is the channel called that we are in now? */
static bool must_look(struct slack *s, struct slack_in *in)
{
	const struct slack_heard *e = &in->heard;
	struct slack_args args = {0};

	if (e->what == SLACK_HEARD_JOINED) {
		slack_arg(&args, "channel", e->channel.id);
		s->looking = slack_call(s, SLACK_INFO, &args, SLACK_CALL_WITHIN, on_where, s);
	} else if (e->person.id.n && !e->person.name.n && !known(s, e->person.id)) {
		slack_arg(&args, "user", e->person.id);
		s->looking = slack_call(s, SLACK_USER, &args, SLACK_CALL_WITHIN, on_who, s);
	}
	return s->looking != NULL;
}

/* Events go on in the order in which they came. */
static void hand_on(struct slack *s)
{
	struct slack_in *next;

	for (struct slack_in *in = s->in; in && !s->looking; in = next) {
		next = in->next;
		if (in->handed || must_look(s, in))
			continue;
		if (in->heard.what == SLACK_HEARD_PERSON)
			keep(s, &in->heard.person);
		hand_in(in);
	}
}

void slack_hear_tend(struct slack *s, mono_ms now)
{
	hand_on(s);
	for (struct slack_in *in = s->in; in; in = in->next) {
		if (!in->pressing || (!in->link && !in->call))
			continue;
		if (now - in->came >= ACK_WITHIN)
			in_done(in, true); /* a person waits, and it comes only once */
		else
			slack_wake(s, in->came + ACK_WITHIN);
	}
}

/* ---- how it comes ---- */

static struct slack_in *in_new(struct slack *s)
{
	struct slack_in *in = mem_new(sizeof *in);

	in->slack = s;
	in->came = mono_now();
	arena_init(&in->arena);
	in->prev = s->in_last;
	if (in->prev)
		in->prev->next = in;
	else
		s->in = in;
	s->in_last = in;
	return in;
}

static bool read_payload(struct slack *s, enum slack_frame_type type, struct arena *a, const struct json *payload, struct slack_heard *out)
{
	switch (type) {
	case SLACK_FRAME_EVENT:
		return slack_read_event(a, payload, &s->self, out);
	case SLACK_FRAME_SLASH:
		return slack_read_slash(a, payload, wall_now(), out);
	case SLACK_FRAME_INTERACTIVE:
		return slack_read_interactive(a, payload, wall_now(), out);
	default:
		return false;
	}
}

/* It waits for its turn, or goes at once: what a person pressed has its own order, and 3 s. */
static void in_go(struct slack_in *in, enum slack_frame_type type)
{
	struct slack *s = in->slack;

	in->ordered = type == SLACK_FRAME_EVENT;
	in->pressing = !in->ordered;
	if (in->ordered)
		hand_on(s);
	else
		hand_in(in);
	slack_wake(s, 0);
}

void slack_hear_frame(struct slack_link *l, const struct slack_frame *f, struct arena *a)
{
	struct slack *s = l->slack;
	struct slack_heard heard;
	struct slack_in *in;

	if (!read_payload(s, f->type, a, f->payload, &heard)) {
		slack_link_ack(l, f->envelope); /* nothing for us */
		return;
	}
	in = in_new(s);
	in->arena = *a;
	arena_init(a);
	in->heard = heard;
	in->envelope = f->envelope;
	in->link = l;
	in_go(in, f->type);
}

/* A form as the object that Socket Mode sends. */
static struct str object_of(struct arena *a, const struct form *f)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	json_open(&o, '{');
	for (size_t i = 0; i < f->count; i++) {
		json_key_str(&o, f->fields[i].name);
		json_put_str(&o, f->fields[i].value);
	}
	json_close(&o, '}');
	return buf_keep(a, &b);
}

static const struct json *call_payload(struct arena *a, const struct http_request *r, enum slack_frame_type *type)
{
	struct err err = {0};
	struct str payload;
	struct form f;

	*type = SLACK_FRAME_EVENT;
	if (content_type_is(http_header_get(r, "Content-Type"), "application/json"))
		return json_parse(a, arena_dup(a, r->body), JSON_LAST_KEY_WINS, &err);
	if (!form_parse(a, arena_dup(a, r->body), &f, &err))
		return NULL;
	payload = form_get(&f, "payload");
	*type = payload.n ? SLACK_FRAME_INTERACTIVE : SLACK_FRAME_SLASH;
	return json_parse(a, payload.n ? payload : object_of(a, &f), JSON_LAST_KEY_WINS, &err);
}

static void answer_challenge(struct chat_call *c, struct arena *a, struct str challenge)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 4 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	json_add_str(&o, "challenge", str_clip(challenge, 1000));
	json_close(&o, '}');
	c->answer(c, 200, "application/json; charset=utf-8", buf_keep(a, &b));
}

/* POST /chats/NAME/events: events as JSON, commands and presses as forms (docs.slack.dev: Using HTTP). */
void slack_hear_call(struct slack *s, struct chat_call *c)
{
	const struct http_request *r = c->request;
	enum slack_frame_type type;
	const struct json *payload;
	struct slack_heard heard;
	struct slack_in *in;
	struct arena a;

	if (!str_is(c->rest, "events")) {
		c->answer(c, 404, "text/plain", S("Slack's Request URL ends with /events\n"));
		return;
	}
	if (!slack_signed(s->chat->config->signing_secret, http_header_get(r, "X-Slack-Request-Timestamp"), http_header_get(r, "X-Slack-Signature"), r->body, wall_now())) {
		c->answer(c, 401, "text/plain", S("the signature is missing, wrong or over 5 minutes old\n"));
		return;
	}
	arena_init(&a);
	payload = call_payload(&a, r, &type);
	if (!json_is(payload, JSON_OBJECT)) {
		c->answer(c, 400, "text/plain", S("neither JSON nor a form\n"));
	} else if (str_is(json_get_str(payload, "type"), "url_verification")) {
		answer_challenge(c, &a, json_get_str(payload, "challenge"));
	} else if (!s->known) {
		c->answer(c, 503, "text/plain", S("not yet connected\n")); /* who is our own bot? */
	} else if (!read_payload(s, type, &a, payload, &heard)) {
		c->answer(c, 200, NULL, S(""));
	} else {
		in = in_new(s);
		in->arena = a;
		arena_init(&a);
		in->heard = heard;
		in->call = c;
		in_go(in, type);
	}
	arena_done(&a);
}

void slack_hear_link_gone(struct slack *s, const struct slack_link *l)
{
	for (struct slack_in *in = s->in; in; in = in->next)
		if (in->link == l)
			in->link = NULL;
}

/* What was not acknowledged comes again. */
void slack_hear_end(struct slack *s)
{
	while (s->in) {
		in_done(s->in, false);
		in_free(s->in);
	}
	if (s->channels) {
		mem_free(s->channels->there);
		mem_free(s->channels);
		s->channels = NULL;
	}
	people_forget(s);
}
