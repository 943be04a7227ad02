/* What is heard there. One thing after the other: first what was missed, then what comes by the WebSocket; whoever is not known yet is
 * looked up first, and what came behind it waits. */
#include "chat/mattermost_parts.h"

#include "base/file.h"
#include "net/form.h"

#include <inttypes.h>
#include <stdio.h>

#define IN_MAX 5000               /* more that waits: the connection ends, and it is read as missed */
#define MARGIN (30 * SECOND)      /* read once more: what comes of several channels is not in order */
#define CATCH_UP_AGAIN (5 * SECOND)
#define KEEP_EVERY (2 * SECOND)
#define JUST_NOW (2 * SECOND)     /* between the time of an edit and of its row */

/* ---- who and where ---- */

static uint64_t hash_of(struct str s)
{
	return fnv_add(FNV_START, s) | 1;
}

const struct mm_known_user *mm_user_of(const struct mattermost *m, struct str id)
{
	const struct mm_known_user *u = map_get(&m->users, hash_of(id));

	return u && str_eq(u->user.id, id) ? u : NULL;
}

const struct mm_known_channel *mm_channel_of(const struct mattermost *m, struct str id)
{
	const struct mm_known_channel *c = map_get(&m->channels, hash_of(id));

	return c && str_eq(c->channel.id, id) ? c : NULL;
}

static struct str user_name(void *context, struct str id)
{
	const struct mm_known_user *u = mm_user_of(context, id);

	return u ? u->user.username : S("");
}

static struct str user_id(void *context, struct str name)
{
	const struct mattermost *m = context;
	const struct mm_known_user *u = map_get(&m->user_names, hash_of(name));

	return u && str_eq(u->user.username, name) ? u->user.id : S("");
}

static struct str channel_name(void *context, struct str id)
{
	const struct mm_known_channel *c = mm_channel_of(context, id);

	return c ? c->channel.name : S("");
}

static struct str channel_id(void *context, struct str name)
{
	const struct mattermost *m = context;
	void *value;

	for (size_t i = 0; map_next(&m->channels, &i, &value);) {
		const struct mm_known_channel *c = value;

		if (str_eq(c->channel.name, name))
			return c->channel.id;
	}
	return S("");
}

struct mm_names mm_names_of(struct mattermost *m)
{
	return (struct mm_names){m, user_name, user_id, channel_name, channel_id};
}

/* Texts of their own, in one piece. */
static char *own(struct str *texts[], size_t count)
{
	size_t n = 0;
	char *all, *at;

	for (size_t i = 0; i < count; i++)
		n += texts[i]->n;
	all = at = mem_new(n + 1);
	for (size_t i = 0; i < count; i++) {
		if (texts[i]->n)
			memcpy(at, texts[i]->p, texts[i]->n);
		texts[i]->p = at;
		at += texts[i]->n;
	}
	return all;
}

static void user_drop(struct mattermost *m, struct mm_known_user *u)
{
	if (map_get(&m->user_names, hash_of(u->user.username)) == u)
		(void)map_take(&m->user_names, hash_of(u->user.username));
	(void)map_take(&m->users, hash_of(u->user.id));
	mem_free(u->texts);
	mem_free(u);
}

static struct heard_person person_of(const struct mattermost *m, const struct mm_user *u)
{
	struct str email = m->emails_proven || u->email_proven ? u->email : S("");

	return (struct heard_person){.id = u->id, .name = u->username, .real_name = u->real_name, .email = email, .is_bot = u->is_bot, .is_self = str_is(u->id, m->me)};
}

static void on_person(void *context, bool kept)
{
	struct mattermost *m = context;

	(void)kept;
	m->people_pending--;
	mm_people_kept(m);
}

/* An event tells no address: the one that is known stays. */
void mm_learn_user(struct mattermost *m, const struct mm_user *u)
{
	struct mm_known_user *was = map_get(&m->users, hash_of(u->id)), *k = mem_new(sizeof *k);
	struct str *texts[] = {&k->user.id, &k->user.username, &k->user.real_name, &k->user.email};

	k->user = *u;
	if (was && !u->email.n) {
		k->user.email = was->user.email;
		k->user.email_proven = was->user.email_proven;
	}
	k->texts = own(texts, COUNT_OF(texts));
	if (was)
		user_drop(m, was);
	map_put(&m->users, hash_of(k->user.id), k);
	map_put(&m->user_names, hash_of(k->user.username), k);
	m->people_pending++;
	chat_heard(m->chat, &(struct heard){.what = HEARD_PERSON, .person = person_of(m, &k->user)}, on_person, m);
}

static struct heard_channel place_of(const struct mm_channel *c)
{
	return (struct heard_channel){.id = c->id, .name = c->type == 'D' ? S("") : c->name, .topic = c->topic, .is_private = c->type != 'O', .direct = c->type == 'D'};
}

static void channel_drop(struct mattermost *m, struct mm_known_channel *c)
{
	(void)map_take(&m->channels, hash_of(c->channel.id));
	mem_free(c->texts);
	mem_free(c);
}

/* Messages to a few people have no name here, and no counterpart. */
void mm_learn_channel(struct mattermost *m, const struct mm_channel *c, bool joined)
{
	struct mm_known_channel *was = map_get(&m->channels, hash_of(c->id)), *k = mem_new(sizeof *k);
	struct str *texts[] = {&k->channel.id, &k->channel.name, &k->channel.team_id, &k->channel.topic};
	bool renamed = was && !str_eq(was->channel.name, c->name);

	k->channel = *c;
	k->texts = own(texts, COUNT_OF(texts));
	if (was)
		channel_drop(m, was);
	map_put(&m->channels, hash_of(k->channel.id), k);
	if (k->channel.type != 'G' && (joined || renamed))
		chat_heard(m->chat, &(struct heard){.what = joined ? HEARD_JOINED : HEARD_RENAMED, .channel = place_of(&k->channel)}, NULL, NULL);
}

static void unlearn_channel(struct mattermost *m, struct str id)
{
	struct mm_known_channel *c = map_get(&m->channels, hash_of(id));

	if (!c || !str_eq(c->channel.id, id))
		return;
	if (c->channel.type != 'G')
		chat_heard(m->chat, &(struct heard){.what = HEARD_LEFT, .channel = place_of(&c->channel)}, NULL, NULL);
	channel_drop(m, c);
}

void mm_forget_channels(struct mattermost *m, const struct json *but)
{
	struct str *gone = arena_alloc(&m->arena, (m->channels.count + 1) * sizeof *gone);
	size_t count = 0;
	void *value;

	for (size_t i = 0; map_next(&m->channels, &i, &value);) {
		struct str id = ((struct mm_known_channel *)value)->channel.id;
		const struct json *v = but->child;

		while (v && !str_eq(json_get_str(v, "id"), id))
			v = v->next;
		if (!v)
			gone[count++] = arena_dup(&m->arena, id);
	}
	for (size_t i = 0; i < count; i++)
		unlearn_channel(m, gone[i]);
}

void mm_forget_all(struct mattermost *m)
{
	void *value;

	for (size_t i = 0; map_next(&m->users, &i, &value);) {
		mem_free(((struct mm_known_user *)value)->texts);
		mem_free(value);
	}
	for (size_t i = 0; map_next(&m->channels, &i, &value);) {
		mem_free(((struct mm_known_channel *)value)->texts);
		mem_free(value);
	}
	map_done(&m->users);
	map_done(&m->user_names);
	map_done(&m->channels);
}

/* ---- how far it was heard ---- */

static void keep_path(const struct mattermost *m, char path[4096])
{
	snprintf(path, 4096, "%s/chat-" STR_FMT ".heard", m->chat->engine->config.data_dir, STR_ARG(m->chat->config->name));
}

static void read_heard_to(struct mattermost *m)
{
	char path[4096];
	struct arena a;
	struct str text;
	struct err ignored = {0};
	int64_t at;

	arena_init(&a);
	keep_path(m, path);
	if (file_read(&a, path, &text, &ignored) && str_to_int(str_trim(text), &at) && at > 0)
		m->heard_to = m->newest = m->newest_in_file = at;
	arena_done(&a);
}

struct keeping {
	uv_work_t uv;
	struct mattermost *m;
	char path[4096];
	wall_ms at;
};

static void keep_run(uv_work_t *uv)
{
	struct keeping *k = (struct keeping *)uv;
	struct err ignored = {0}; /* then more is read again, and known again */
	struct arena a;

	arena_init(&a);
	(void)!file_put(&a, k->path, arena_printf(&a, "%" PRId64 "\n", k->at), 0600, &ignored);
	arena_done(&a);
}

static void keep_done(uv_work_t *uv, int status)
{
	struct keeping *k = (struct keeping *)uv;
	struct mattermost *m = k->m;

	(void)status;
	m->keeping = false;
	m->newest_in_file = k->at;
	mem_free(k);
	mm_release(m);
}

static void keep_heard_to(struct mattermost *m)
{
	struct keeping *k = mem_new(sizeof *k);

	k->m = m;
	k->at = m->heard_to;
	keep_path(m, k->path);
	m->keeping = true;
	m->holds++;
	uv_queue_work(m->chat->loop, &k->uv, keep_run, keep_done);
}

/* What was missed is kept as a whole, or read again as a whole: so heard_to stays until then. */
static void settle(struct mattermost *m)
{
	if (!m->missed.going && !m->behind && !m->in && !m->said)
		m->heard_to = m->newest;
}

/* ---- to our side ---- */

struct mm_said {
	struct mm_said *next, **before;
	struct mattermost *m;
	wall_ms at;
};

static void said_free(struct mm_said *s)
{
	*s->before = s->next;
	if (s->next)
		s->next->before = s->before;
	mem_free(s);
}

static void on_kept(void *context, bool kept)
{
	struct mm_said *s = context;
	struct mattermost *m = s->m;

	if (!kept && !m->behind) {
		m->behind = true;
		m->behind_at = mono_now() + CATCH_UP_AGAIN;
	} else if (kept && s->at > m->newest) {
		m->newest = s->at;
	}
	said_free(s);
	settle(m);
}

/* at: by the server's clock; with it, it is known how far all is kept. */
static void tell(struct mattermost *m, const struct heard *h, wall_ms at)
{
	struct mm_said *s = mem_new(sizeof *s);

	*s = (struct mm_said){.next = m->said, .before = &m->said, .m = m, .at = at};
	if (s->next)
		s->next->before = &s->next;
	m->said = s;
	chat_heard(m->chat, h, on_kept, s);
}

/* ---- asking who it is ---- */

static void go_on(struct mattermost *m);

static void on_user(void *context, const struct client_answer *answer)
{
	struct mattermost *m = context;
	struct mm_user u;
	struct arena a;

	arena_init(&a);
	m->asking = false;
	if (!m->closing && m->up) {
		if (mm_user_read(&a, mm_body(&a, answer), &u))
			mm_learn_user(m, &u);
		else if (answer->reached && answer->status / 100 == 4 && answer->status != 429) /* gone, or hidden from us */
			mm_learn_user(m, &(struct mm_user){.id = str_of(m->asked), .username = str_of(m->asked), .real_name = S("somebody"), .email = S("")});
		else
			mm_fail(m, "a person of the server cannot be read");
		go_on(m);
	}
	arena_done(&a);
}

/* false: it is looked up, and asked again then. */
static bool knows_user(struct mattermost *m, struct str id)
{
	if (mm_user_of(m, id))
		return true;
	m->asking = true;
	snprintf(m->asked, sizeof m->asked, STR_FMT, STR_ARG(id));
	mm_ask(m, "GET", arena_printf(&m->arena, "users/%s", m->asked), S(""), MM_CALL_WITHIN, on_user, m);
	return false;
}

static void on_channel(void *context, const struct client_answer *answer)
{
	struct mattermost *m = context;
	struct mm_channel c;
	struct arena a;

	arena_init(&a);
	m->asking = false;
	if (!m->closing && m->up) {
		/* Of another team, or gone meanwhile: not ours. */
		if (mm_channel_read(mm_body(&a, answer), &c) && !c.gone && (!c.team_id.n || str_is(c.team_id, m->team)))
			mm_learn_channel(m, &c, true);
		go_on(m);
	}
	arena_done(&a);
}

/* ---- posts ---- */

static struct str link_of(const struct mattermost *m, struct arena *a, const struct mm_post *p)
{
	const struct chat_config *config = m->chat->config;

	return arena_printf(a, STR_FMT STR_FMT "/pl/" STR_FMT, STR_ARG(config->url), STR_ARG(config->team), STR_ARG(p->id));
}

/* A webhook posts as who made it; shown is the name that it gives. */
static struct heard_person author_of(const struct mattermost *m, struct arena *a, const struct mm_post *p)
{
	const struct mm_known_user *u = mm_user_of(m, p->user_id);
	struct heard_person who = u ? person_of(m, &u->user) : (struct heard_person){.id = p->user_id, .name = p->user_id};

	if (!p->by_webhook)
		return who;
	who = (struct heard_person){.name = p->webhook.n ? p->webhook : S("webhook"), .is_bot = true};
	who.id = arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(p->user_id), STR_ARG(str_clip(who.name, 60)));
	return who;
}

static bool is_own(const struct mattermost *m, const struct mm_post *p)
{
	return str_is(p->user_id, m->me) && !p->by_webhook;
}

/* Of a direct message that is new to us. */
static const struct mm_known_channel *channel_for(struct mattermost *m, const struct mm_post *p, char type)
{
	const struct mm_known_channel *k = mm_channel_of(m, p->channel_id);

	if (!k && type == 'D') {
		mm_learn_channel(m, &(struct mm_channel){.id = p->channel_id, .name = S(""), .team_id = S(""), .topic = S(""), .type = 'D'}, true);
		k = mm_channel_of(m, p->channel_id);
	}
	return k && k->channel.type != 'G' ? k : NULL;
}

static bool hear_posted(struct mattermost *m, struct arena *a, const struct mm_post *p, char type)
{
	const struct mm_known_channel *k = channel_for(m, p, type);
	struct heard h = {.what = HEARD_MESSAGE, .message = p->id, .thread = p->root_id};

	if (!k || is_own(m, p))
		return true;
	if (!knows_user(m, p->user_id))
		return false;
	h.channel = place_of(&k->channel);
	h.person = author_of(m, a, p);
	if (str_is(p->type, "system_header_change")) {
		h.what = HEARD_TOPIC;
		h.name = mm_mrkdwn(a, p->header, &m->names);
	} else if (str_starts(p->type, S("system_"))) {
		return true;
	} else {
		h.text = mm_post_text(a, p, link_of(m, a, p), &m->names);
		if (str_is(p->type, "me"))
			h.text = arena_printf(a, "_" STR_FMT "_", STR_ARG(h.text));
		if (!h.text.n)
			return true;
	}
	tell(m, &h, p->updated);
	return true;
}

void mm_pinned_by_us(struct mattermost *m, struct str post_id)
{
	memcpy(m->pinned_by_us[m->pinned_at++ % COUNT_OF(m->pinned_by_us)], post_id.p, post_id.n < 26 ? post_id.n : 26);
}

static bool was_pinned_by_us(struct mattermost *m, struct str post_id)
{
	for (size_t i = 0; i < COUNT_OF(m->pinned_by_us); i++)
		if (str_is(post_id, m->pinned_by_us[i])) {
			m->pinned_by_us[i][0] = '\0';
			return true;
		}
	return false;
}

static bool hear_changed(struct mattermost *m, struct arena *a, const struct mm_post *p)
{
	const struct mm_known_channel *k = mm_channel_of(m, p->channel_id);
	struct heard h = {.what = HEARD_CHANGED, .message = p->id, .thread = p->root_id};

	if (!k || k->channel.type == 'G' || str_starts(p->type, S("system_")) || is_own(m, p))
		return true;
	if (!knows_user(m, p->user_id))
		return false;
	h.channel = place_of(&k->channel);
	h.person = author_of(m, a, p);
	h.text = mm_post_text(a, p, link_of(m, a, p), &m->names);
	tell(m, &h, p->updated);
	return true;
}

/* Nobody says who pinned it. */
static void hear_pinned(struct mattermost *m, const struct mm_post *p)
{
	const struct mm_known_channel *k = mm_channel_of(m, p->channel_id);
	struct heard h = {.what = p->pinned ? HEARD_PINNED : HEARD_UNPINNED, .message = p->id, .thread = p->root_id};

	if (!k || k->channel.type == 'G' || was_pinned_by_us(m, p->id) || (is_own(m, p) && !p->pinned))
		return;
	h.channel = place_of(&k->channel);
	tell(m, &h, p->updated);
}

/* The event of an edit is that of a pin too: only the times tell, and not well. What is so already is no matter to our side. */
static bool hear_edited(struct mattermost *m, struct arena *a, const struct mm_post *p)
{
	if (p->edited && p->updated - p->edited < JUST_NOW && !hear_changed(m, a, p))
		return false;
	hear_pinned(m, p);
	return true;
}

static bool hear_deleted(struct mattermost *m, struct arena *a, const struct mm_post *p)
{
	const struct mm_known_channel *k = mm_channel_of(m, p->channel_id);
	struct heard h = {.what = HEARD_DROPPED, .message = p->id, .thread = p->root_id};

	if (!k || k->channel.type == 'G')
		return true;
	if (!knows_user(m, p->user_id))
		return false;
	h.channel = place_of(&k->channel);
	h.person = author_of(m, a, p);
	tell(m, &h, p->deleted > p->updated ? p->deleted : p->updated);
	return true;
}

static bool hear_reaction(struct mattermost *m, struct str channel_id_there, const struct mm_reaction *r, bool add)
{
	const struct mm_known_channel *k = mm_channel_of(m, channel_id_there);
	struct heard h = {.what = add ? HEARD_REACTED : HEARD_UNREACTED, .message = r->post_id, .name = r->name};

	if (!k || k->channel.type == 'G' || str_is(r->user_id, m->me))
		return true;
	if (!knows_user(m, r->user_id))
		return false;
	h.channel = place_of(&k->channel);
	h.person = person_of(m, &mm_user_of(m, r->user_id)->user);
	tell(m, &h, 0);
	return true;
}

/* ---- what comes by the WebSocket ---- */

static bool hear_came(struct mattermost *m, const struct mm_event *e)
{
	if ((e->user_id.n && !str_is(e->user_id, m->me)) || mm_channel_of(m, e->channel_id))
		return true;
	m->asking = true;
	mm_ask(m, "GET", arena_printf(&m->arena, "channels/" STR_FMT, STR_ARG(e->channel_id)), S(""), MM_CALL_WITHIN, on_channel, m);
	return true;
}

static bool hear(struct mattermost *m, struct arena *a, const struct mm_event *e)
{
	switch (e->kind) {
	case MM_POSTED:
		return hear_posted(m, a, &e->post, e->channel_type);
	case MM_EDITED:
		return hear_edited(m, a, &e->post);
	case MM_DELETED:
		return hear_deleted(m, a, &e->post);
	case MM_REACTED:
	case MM_UNREACTED:
		return hear_reaction(m, e->channel_id, &e->reaction, e->kind == MM_REACTED);
	case MM_CHANNEL:
		if (mm_channel_of(m, e->channel.id))
			mm_learn_channel(m, &e->channel, false);
		return true;
	case MM_CAME:
		return hear_came(m, e);
	case MM_WENT:
		if (str_is(e->user_id, m->me))
			unlearn_channel(m, e->channel_id);
		return true;
	case MM_CHANNEL_GONE:
		unlearn_channel(m, e->channel_id);
		return true;
	case MM_USER:
		if (mm_user_of(m, e->user.id)) /* who is not known yet is asked for when they say something */
			mm_learn_user(m, &e->user);
		return true;
	default:
		return true;
	}
}

static void in_free(struct mm_in *in)
{
	arena_done(&in->arena);
	mem_free(in);
}

void mm_on_text(struct mattermost *m, struct str text)
{
	struct mm_in *in = mem_new(sizeof *in);
	struct err ignored = {0};

	arena_init(&in->arena);
	if (!mm_event_read(&in->arena, arena_dup(&in->arena, text), &in->event, &ignored)) {
		in_free(in);
		return;
	}
	*m->in_last = in;
	m->in_last = &in->next;
	if (++m->in_count > IN_MAX)
		mm_fail(m, "more came than could be kept");
	else if (m->up)
		go_on(m);
}

/* ---- what was missed ---- */

static void end_missed(struct mattermost *m)
{
	arena_done(&m->missed.arena);
	arena_done(&m->missed.list_arena);
	m->missed = (struct mm_missed){0};
}

/* Both what was said and what was done to it since. false: a person is looked up; all of the post is told again then, which is known again. */
static bool hear_missed(struct mattermost *m, const struct mm_post *p)
{
	const struct json *reactions = json_get(p->metadata, "reactions");
	struct arena *a = &m->missed.list_arena;
	wall_ms from = m->missed.from;
	struct mm_reaction r;
	bool ok = true;

	if (p->deleted)
		return hear_deleted(m, a, p);
	if (p->created >= from)
		ok = hear_posted(m, a, p, '\0');
	if (ok && p->edited >= from)
		ok = hear_changed(m, a, p);
	for (const struct json *v = ok && json_is(reactions, JSON_ARRAY) ? reactions->child : NULL; ok && v; v = v->next)
		if (mm_reaction_read(v, &r) && r.at >= from)
			ok = hear_reaction(m, p->channel_id, &r, true);
	return ok;
}

static void on_missed(struct mattermost *m, const struct client_answer *answer)
{
	struct mm_missed *was = &m->missed;
	struct str text;

	if (answer->reached && (answer->status == 403 || answer->status == 404)) { /* the bot is not in it any more */
		was->channel_at++;
		go_on(m);
		return;
	}
	arena_done(&was->list_arena);
	arena_init(&was->list_arena);
	text = arena_dup(&was->list_arena, answer->body);
	was->posts = mm_posts_read(&was->list_arena, mm_body(&was->list_arena, &(struct client_answer){.reached = answer->reached, .status = answer->status, .body = text}),
				   &was->post_count);
	was->post_at = 0;
	if (!answer->reached || answer->status / 100 != 2) {
		mm_fail(m, "what was said meanwhile cannot be read");
		return;
	}
	was->channel_at++;
	go_on(m);
}

/* The next thing of it. false: it waits, or there is none any more. */
static bool missed_go_on(struct mattermost *m)
{
	struct mm_missed *was = &m->missed;

	if (m->step)
		return false;
	if (was->post_at < was->post_count) {
		was->post_at += hear_missed(m, &was->posts[was->post_at]);
		return !m->asking;
	}
	if (was->channel_at < was->channel_count) {
		mm_step(m, arena_printf(&was->arena, "channels/" STR_FMT "/posts?since=%" PRId64, STR_ARG(was->channels[was->channel_at]), was->from), S(""), on_missed);
		return false;
	}
	end_missed(m);
	settle(m);
	return true;
}

static void go_on(struct mattermost *m)
{
	while (m->up && !m->asking && !m->closing) {
		struct mm_in *in = m->in;

		if (m->missed.going) {
			if (!missed_go_on(m) && m->missed.going)
				return;
			continue;
		}
		if (!in || !hear(m, &in->arena, &in->event))
			break;
		m->in = in->next;
		m->in_last = m->in ? m->in_last : &m->in;
		m->in_count--;
		in_free(in);
	}
	settle(m);
}

/* The first time nothing was missed: what was said before is not ours to know. */
void mm_read_missed(struct mattermost *m)
{
	struct mm_missed *was = &m->missed;
	void *value;

	m->newest = m->newest ? m->newest : 1;
	for (size_t i = 0; !m->heard_to && map_next(&m->channels, &i, &value);) {
		wall_ms last = ((struct mm_known_channel *)value)->channel.last_post;

		m->newest = last > m->newest ? last : m->newest;
	}
	if (m->heard_to) {
		*was = (struct mm_missed){.going = true, .from = m->heard_to > MARGIN ? m->heard_to - MARGIN : 0};
		arena_init(&was->arena);
		arena_init(&was->list_arena);
		was->channels = arena_alloc(&was->arena, (m->channels.count + 1) * sizeof *was->channels);
		for (size_t i = 0; map_next(&m->channels, &i, &value);)
			was->channels[was->channel_count++] = arena_dup(&was->arena, ((struct mm_known_channel *)value)->channel.id);
	}
	go_on(m);
}

void mm_hear_tick(struct mattermost *m, mono_ms now)
{
	if (m->behind && now >= m->behind_at && m->up && !m->missed.going && !m->asking && !m->step) {
		m->behind = false;
		mm_read_missed(m);
	}
	if (m->heard_to > m->newest_in_file && !m->keeping && now >= m->keep_at) {
		m->keep_at = now + KEEP_EVERY;
		keep_heard_to(m);
	}
}

void mm_hear_start(struct mattermost *m)
{
	m->in_last = &m->in;
	read_heard_to(m);
}

void mm_hear_drop(struct mattermost *m)
{
	struct mm_in *next;

	for (struct mm_in *in = m->in; in; in = next) {
		next = in->next;
		in_free(in);
	}
	m->in = NULL;
	m->in_last = &m->in;
	m->in_count = 0;
	m->asking = false;
	if (m->missed.going)
		end_missed(m);
}

/* ---- what is called: buttons, dialogs, the slash command ---- */

/* A call until it is answered. */
struct mm_held {
	struct mm_held *next, **before;
	struct mattermost *m;
	struct chat_call *call;    /* NULL: answered */
	struct heard heard;
	struct str user_id, name;  /* who did it, and what they are called if the call says so */
	struct arena arena;
};

static void held_answer(struct mm_held *h, int status, struct str body)
{
	struct chat_call *c = h->call;

	h->call = NULL;
	if (c)
		c->answer(c, status, "application/json", body);
}

static void held_free(struct mm_held *h)
{
	if (h->before) {
		*h->before = h->next;
		if (h->next)
			h->next->before = h->before;
	}
	arena_done(&h->arena);
	mem_free(h);
}

static struct str whisper_json(struct arena *a, enum heard_what what, struct str text)
{
	struct json_out o;
	struct buf b;

	buf_init(&b, 16 * KIB);
	o = json_out(&b);
	json_open(&o, '{');
	if (what == HEARD_SLASH) {
		json_add_str(&o, "response_type", S("ephemeral"));
		json_add_str(&o, "text", text);
	} else {
		json_add_str(&o, what == HEARD_DIALOG ? "error" : "ephemeral_text", text);
	}
	json_close(&o, '}');
	return buf_keep(a, &b);
}

static void on_held_kept(void *context, bool kept)
{
	struct mm_held *h = context;

	held_answer(h, 200, kept ? S("{}") : whisper_json(&h->arena, h->heard.what, S("opsroom takes nothing in at the moment. Please try again.")));
	held_free(h);
}

static void held_tell(struct mm_held *h)
{
	struct mattermost *m = h->m;
	const struct mm_known_user *u = mm_user_of(m, h->user_id);
	const struct mm_known_channel *c = mm_channel_of(m, h->heard.channel.id);

	h->heard.person = u ? person_of(m, &u->user) : (struct heard_person){.id = h->user_id, .name = h->name.n ? h->name : h->user_id};
	if (c)
		h->heard.channel = place_of(&c->channel);
	chat_heard(m->chat, &h->heard, on_held_kept, h);
}

static void on_held_user(void *context, const struct client_answer *answer)
{
	struct mm_held *h = context;
	struct mm_user u;

	if (mm_user_read(&h->arena, mm_body(&h->arena, answer), &u))
		mm_learn_user(h->m, &u);
	held_tell(h);
}

static bool read_press(struct mm_held *h, struct str body, struct err *err)
{
	struct mm_press p;

	if (!mm_press_read(&h->arena, &h->m->key, body, &p, err))
		return false;
	h->heard = (struct heard){.what = HEARD_PRESS, .event = p.trigger, .message = p.post_id, .action = p.action, .value = p.value, .reply = p.trigger};
	h->heard.channel.id = p.channel_id;
	h->user_id = p.user_id;
	h->name = p.user_name;
	return true;
}

static bool read_dialog(struct mm_held *h, struct str body, struct err *err)
{
	struct mm_answer d;

	if (!mm_dialog_read(&h->arena, &h->m->key, body, &d, err))
		return false;
	h->heard = (struct heard){.what = HEARD_DIALOG, .view = d.view};
	h->heard.channel.id = d.channel_id;
	h->user_id = d.user_id;
	return true;
}

/* The form of a custom slash command; its token is its proof. */
static bool read_command(struct mm_held *h, struct str body, struct err *err)
{
	const struct chat_config *config = h->m->chat->config;
	struct form f;
	struct str trigger;

	if (!form_parse(&h->arena, body, &f, err))
		return false;
	if (!config->command_token.n || !str_eq_secret(form_get(&f, "token"), config->command_token)) {
		err_set(err, ERR_FORBIDDEN, "the token is not that of command_token_file");
		return false;
	}
	trigger = form_get(&f, "trigger_id");
	h->heard = (struct heard){.what = HEARD_SLASH, .event = trigger, .text = mm_mrkdwn(&h->arena, str_trim(form_get(&f, "text")), &h->m->names)};
	h->heard.reply = arena_printf(&h->arena, STR_FMT " " STR_FMT, STR_ARG(trigger), STR_ARG(form_get(&f, "response_url")));
	h->heard.channel.id = form_get(&f, "channel_id");
	h->user_id = form_get(&f, "user_id");
	h->name = form_get(&f, "user_name");
	if (mm_id_ok(h->user_id) && mm_id_ok(h->heard.channel.id))
		return true;
	err_set(err, ERR_INVALID, "user or channel is missing");
	return false;
}

void mm_call(void *self, struct chat_call *c)
{
	struct mattermost *m = self;
	struct mm_held *h = mem_new(sizeof *h);
	struct err err = {0};
	bool ok;

	arena_init(&h->arena);
	h->m = m;
	h->call = c;
	if (str_is(c->rest, "actions"))
		ok = read_press(h, arena_dup(&h->arena, c->request->body), &err);
	else if (str_is(c->rest, "dialog"))
		ok = read_dialog(h, arena_dup(&h->arena, c->request->body), &err);
	else if (str_is(c->rest, "command"))
		ok = read_command(h, arena_dup(&h->arena, c->request->body), &err);
	else
		ok = (err_set(&err, ERR_NOT_FOUND, "Mattermost calls actions, dialog and command"), false);
	if (!ok || m->refused) {
		struct str why = arena_dup(&h->arena, ok ? S("the bot's token is not valid") : str_of(err.text));

		held_answer(h, ok ? 503 : err_info(err.code)->http_status, why);
		held_free(h);
		return;
	}
	h->next = m->held;
	h->before = &m->held;
	if (h->next)
		h->next->before = &h->next;
	m->held = h;
	if (mm_user_of(m, h->user_id))
		held_tell(h);
	else
		mm_ask(m, "GET", arena_printf(&h->arena, "users/" STR_FMT, STR_ARG(h->user_id)), S(""), 2 * SECOND, on_held_user, h);
}

/* From here on chat_heard() answers nothing any more. */
void mm_hear_end(struct mattermost *m)
{
	while (m->held) {
		http_client_cancel(m->http, m->held);
		held_answer(m->held, 503, whisper_json(&m->held->arena, m->held->heard.what, S("opsroom is being stopped.")));
		held_free(m->held);
	}
	while (m->said)
		said_free(m->said);
}
