/* What is heard there. One thing after the other: first what was missed, then what comes by the WebSocket; whoever is not known yet is
 * looked up first, and what came behind it waits. */
#include "chat/mattermost_parts.h"

#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>

#define IN_MAX 5000               /* more that waits: the connection ends, and it is read as missed */
#define MARGIN (30 * SECOND)      /* read once more: what comes of several channels is not in order */
#define CATCH_UP_AGAIN (5 * SECOND)
#define KEEP_EVERY (2 * SECOND)
#define JUST_NOW (2 * SECOND)     /* between the time of an edit and of its row */

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
	struct heard_person who = u ? mm_person_of(m, &u->user) : (struct heard_person){.id = p->user_id, .name = p->user_id};

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
	h.channel = mm_heard_channel(&k->channel);
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
	h.channel = mm_heard_channel(&k->channel);
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
	h.channel = mm_heard_channel(&k->channel);
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
	h.channel = mm_heard_channel(&k->channel);
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
	h.channel = mm_heard_channel(&k->channel);
	h.person = mm_person_of(m, &mm_user_of(m, r->user_id)->user);
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
			mm_unlearn_channel(m, e->channel_id);
		return true;
	case MM_CHANNEL_GONE:
		mm_unlearn_channel(m, e->channel_id);
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

/* From here on chat_heard() answers nothing any more. */
void mm_hear_end(struct mattermost *m)
{
	while (m->said)
		said_free(m->said);
}
