/* Who and what is known of it: people and channels, by id and by name. */
#include "chat/mattermost_parts.h"

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

struct heard_person mm_person_of(const struct mattermost *m, const struct mm_user *u)
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
	chat_heard(m->chat, &(struct heard){.what = HEARD_PERSON, .person = mm_person_of(m, &k->user)}, on_person, m);
}

struct heard_channel mm_heard_channel(const struct mm_channel *c)
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
		chat_heard(m->chat, &(struct heard){.what = joined ? HEARD_JOINED : HEARD_RENAMED, .channel = mm_heard_channel(&k->channel)}, NULL, NULL);
}

void mm_unlearn_channel(struct mattermost *m, struct str id)
{
	struct mm_known_channel *c = map_get(&m->channels, hash_of(id));

	if (!c || !str_eq(c->channel.id, id))
		return;
	if (c->channel.type != 'G')
		chat_heard(m->chat, &(struct heard){.what = HEARD_LEFT, .channel = mm_heard_channel(&c->channel)}, NULL, NULL);
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
		mm_unlearn_channel(m, gone[i]);
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
