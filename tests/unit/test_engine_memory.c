/* The alerts in memory against their rows: after any steps -- deliveries, people, silences, routes swapped, a chat system that
 * refuses, writes that fail in the middle -- what is in memory is what the rows would build, and what it must be by rules that
 * are written here a second time, the slow way. OPSROOM_SEED=n runs one
 * seed, OPSROOM_SEEDS=n so many. */
#include "base/crypt.h"
#include "engine/alerts_internal.h"
#include "engine/heartbeats.h"
#include "engine/silences.h"
#include "engine_fixture.h"
#include "store/journal.h"
#include "unit.h"

#define SEEDS 12
#define STEPS 150

static struct room room;
static struct err err;
static unsigned long long seed;
static int step;

#define must(ok, ...) ck_assert_msg(ok, "OPSROOM_SEED=%llu, step %d: " FIRST_OF(__VA_ARGS__, "") "%s", seed, step REST_OF(__VA_ARGS__), "")
#define FIRST_OF(a, ...) a
#define REST_OF(a, ...) __VA_OPT__(, ) __VA_ARGS__

/* ---- dice ---- */

struct dice {
	uint64_t seed;
};
static struct dice dice;

static unsigned roll(unsigned sides)
{
	dice.seed = hash_mix(dice.seed + 0x9e3779b97f4a7c15ull);
	return (unsigned)(dice.seed >> 16) % sides;
}

/* ---- a store whose writes fail: the linker puts these before the store's own (tests/meson.build) ---- */

static _Atomic int writes_until_full; /* 0: all is well */
static _Atomic bool commit_fails;

bool __real_db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *e);
bool __wrap_db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *e);
bool __real_db_commit(struct db *db, struct err *e);
bool __wrap_db_commit(struct db *db, struct err *e);

bool __wrap_db_write(struct db *db, enum query q, const struct bind *binds, size_t count, struct err *e)
{
	if (writes_until_full && --writes_until_full == 0) {
		err_set(e, ERR_FULL, "the disk is full, says the test");
		return false;
	}
	return __real_db_write(db, q, binds, count, e);
}

bool __wrap_db_commit(struct db *db, struct err *e)
{
	if (commit_fails && db_batch_wrote(db)) {
		commit_fails = false;
		db_rollback(db);
		err_set(e, ERR_UNAVAILABLE, "the commit fails, says the test");
		return false;
	}
	return __real_db_commit(db, e);
}

/* ---- a chat system in any mood ---- */

static struct {
	struct chat_post *held[64];
	size_t count;
	bool hold;
	unsigned retries; /* of ten */
	struct map texts; /* message_ts -> what it said last */
	int64_t last_ts;
} chat;

static void answer(struct chat_post *p)
{
	int64_t ts = p->message_ts ? p->message_ts : 1000 + ++chat.last_ts;
	bool again = roll(10) < chat.retries;
	char *before;

	if (!again) {
		before = map_get(&chat.texts, (uint64_t)ts);
		mem_free(before);
		map_put(&chat.texts, (uint64_t)ts, mem_dup(p->text));
	}
	chat_posted(p, again ? POST_RETRY : POST_DONE, ts, 0, S("as the test will have it"));
}

static void post(struct chat_post *p)
{
	if (chat.hold && chat.count < COUNT_OF(chat.held))
		chat.held[chat.count++] = p;
	else
		answer(p);
}

static void let_go_of_posts(void)
{
	size_t n = chat.count;
	struct chat_post *held[COUNT_OF(chat.held)];

	chat.hold = false;
	chat.count = 0;
	memcpy(held, chat.held, sizeof held);
	for (size_t i = 0; i < n; i++)
		answer(held[i]);
}

static const struct chat_kind moody = {.name = "moody", .can = CHAT_CAN_BUTTONS | CHAT_CAN_EDIT | CHAT_CAN_THREADS, .post = post};
static const struct chat_kind *const chats[] = {&moody, NULL};

static bool run_command(struct work *w, struct str kind, int64_t home_id, struct str payload, struct err *why)
{
	(void)w;
	(void)kind;
	(void)home_id;
	(void)payload;
	(void)why;
	return true;
}

/* ---- routings ---- */

#define RECEIVERS "receivers: [{name: a, channel: general}, {name: b, channel: '#sre-alerts'}, {name: gone, channel: no-such}]\n"
#define INHIBITS                                                                                                       \
	"inhibit_rules:\n"                                                                                             \
	"- {source_matchers: ['severity=page'], target_matchers: ['severity=~\"warning|info\"'], equal: [c]}\n"        \
	"- {source_matchers: ['alertname=A1'], target_matchers: ['alertname=~\"A1|A2\"'], equal: [c, missing]}\n"      \
	"- {source_matchers: ['i=~\"[0-5]\"'], target_matchers: ['i=~\"[4-9]\"'], equal: []}\n"

static const char *const routings[] = {
	"",
	"storm: {groups: 3, within: 30s}\nflapping: {changes: 3, within: 5m}\n",
	"route:\n  receiver: source\n  repeat_interval: 10m\n  routes:\n"
	"  - {matchers: ['alertname=A0'], continue: true, receiver: a, group_by: [alertname], group_wait: 30s}\n"
	"  - {matchers: ['severity=~\"page|error\"'], receiver: b, group_by: ['...'], group_interval: 1m}\n"
	"  - {matchers: ['i=~\"[0-5]\"'], receiver: service, group_by: [c], mute_time_intervals: [odd]}\n" RECEIVERS
	"time_intervals: [{name: odd, time_intervals: [{times: [{start_time: '02:16', end_time: '02:20'}, {start_time: '02:25', end_time: '03:00'}]}]}]\n"
	"services: [{name: s0, matchers: ['i=3'], channel: general}]\n"
	"storm: {groups: 3, within: 30s}\nflapping: {changes: 3, within: 5m}\n" INHIBITS,
	"route:\n  receiver: a\n  group_by: [c]\n  routes:\n  - {matchers: ['c=c0'], continue: true, receiver: b, group_by: []}\n"
	"  - {matchers: ['c=c0'], receiver: gone, group_by: [alertname], active_time_intervals: [even]}\n" RECEIVERS
	"time_intervals: [{name: even, time_intervals: [{times: [{start_time: '02:15', end_time: '02:40'}]}]}]\n"
	"flapping: {changes: 2, within: 2m}\n" INHIBITS,
};

static bool swap_routing(struct work *w, void *context)
{
	struct routing *next = context, *old = w->engine->routing;

	w->engine->routing = next;
	w->failed = !alerts_use_routing(w);
	if (w->failed) {
		struct err ignored = {0};

		/* As the daemon does: memory alone, the new one stays. The old one may go. */
		must(alerts_reload(w->engine, &ignored), "%s", ignored.text);
	}
	routing_free(old);
	return !w->failed;
}

static struct routing *routing_of(size_t i)
{
	struct routing *r = routing_parse(str_of(routings[i]), "test.yaml", &err);

	must(r, "%s", err.text);
	return r;
}

/* ---- what is the same after a restart ---- */

static int by_number(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

static void put_twins(struct arena *a, struct buf *out, const struct alert *first)
{
	struct vec ids = {0};
	const struct alert *x = first;

	do
		*(int64_t *)vec_push(a, &ids, sizeof(int64_t)) = x->group->row.id;
	while ((x = x->twin) != first);
	qsort(ids.items, ids.count, sizeof(int64_t), by_number);
	for (size_t i = 0; i < ids.count; i++)
		buf_printf(out, "%s%lld", i ? "," : "", (long long)((int64_t *)ids.items)[i]);
}

static void put_alert(struct arena *a, struct buf *out, const struct alert *x)
{
	struct alert_texts t;

	alert_view(a, x, &t);
	buf_printf(out, "    %016llx %s quiet %u from %lld to %lld " STR_FMT " " STR_FMT " " STR_FMT " '" STR_FMT "' twins ", (unsigned long long)x->fingerprint,
		   x->firing ? "fires" : "ended", x->firing ? x->quiet : 0, (long long)x->starts_at, x->firing ? 0 : (long long)x->ends_at,
		   STR_ARG(labels_text(a, &t.labels)), STR_ARG(labels_text(a, &t.annotations)), STR_ARG(t.url), STR_ARG(t.sender_key));
	put_twins(a, out, x);
	buf_char(out, '\n');
}

static void put_group(struct arena *a, struct buf *out, const struct group *g)
{
	const struct group_row *r = &g->row;

	buf_printf(out,
		   "%lld " STR_FMT " " STR_FMT " of " STR_FMT " in %lld %s %s '" STR_FMT "' opened %lld changed %lld acked %lld/%lld resolved %lld/%lld held %d flapping %d "
		   "firing %lld loud %lld message %lld noticed %lld digest %lld route %s outbox %lld/%lld details %lld\n",
		   (long long)r->id, STR_ARG(r->short_id), STR_ARG(r->group_key), STR_ARG(r->receiver), (long long)r->channel_id, group_state_name(r->state),
		   severity_name(r->severity), STR_ARG(r->title), (long long)r->opened, (long long)r->changed, (long long)r->acked_by, (long long)r->acked,
		   (long long)r->resolved_by, (long long)r->resolved, r->held, r->flapping, (long long)g->firing, (long long)g->loud, (long long)r->message_ts,
		   (long long)r->noticed, (long long)r->digest_id, g->route ? g->route->key.p : "-", (long long)g->outbox_id,
		   g->outbox_id ? (long long)g->outbox_fence : 0, (long long)g->details);
	for (size_t i = 0; i < g->count; i++)
		put_alert(a, out, g->alerts[i]);
}

static int by_id(const void *x, const void *y)
{
	return by_number(&(*(struct group *const *)x)->row.id, &(*(struct group *const *)y)->row.id);
}

static struct vec groups_by_id(struct arena *a)
{
	struct vec groups = {0};
	void *g;

	for (size_t i = 0; map_next(&room.e->alerts->by_id, &i, &g);)
		*(struct group **)vec_push(a, &groups, sizeof g) = g;
	if (groups.count)
		qsort(groups.items, groups.count, sizeof g, by_id);
	return groups;
}

static void put_silences(struct arena *a, struct buf *out)
{
	const struct alerts *al = room.e->alerts;

	for (size_t i = 0; i < al->silence_count; i++) {
		const struct silence *s = &al->silences[i]->s;

		buf_printf(out, "silence %lld " STR_FMT " kind %d acted %d from %lld to %lld updated %lld '" STR_FMT "' hushed %lld " STR_FMT "\n", (long long)s->id,
			   STR_ARG(s->uuid), s->kind, s->acted, (long long)s->starts, (long long)s->ends, (long long)s->updated, STR_ARG(s->comment),
			   (long long)al->silences[i]->hushed, STR_ARG(matchers_text(a, &s->matchers)));
	}
}

static void dump(struct arena *a, struct buf *out)
{
	struct alerts *al = room.e->alerts;
	struct vec groups = groups_by_id(a);

	buf_printf(out, "%lld firing, %lld acknowledged, %lld active; %zu keys, %zu ids, %zu shorts, %zu alerts, %zu buckets, %zu digests\n", (long long)al->groups_firing,
		   (long long)al->groups_acknowledged, (long long)al->active, al->by_key.count, al->by_id.count, al->by_short.count, al->by_alert.count,
		   al->buckets.count, al->digests.count);
	for (size_t i = 0; i < groups.count; i++)
		put_group(a, out, ((struct group **)groups.items)[i]);
	put_silences(a, out);
}

static void compare(struct str before, struct str after)
{
	struct str was, is;

	while (before.n || after.n) {
		before = str_cut(before, '\n', &was);
		after = str_cut(after, '\n', &is);
		must(str_eq(was, is), "after a restart\n" STR_FMT "\nis\n" STR_FMT, STR_ARG(was), STR_ARG(is));
	}
}

/* ---- what always holds ---- */

static bool fits(struct arena *a, const struct matchers *m, const struct alert *x)
{
	struct alert_texts t;

	alert_view(a, x, &t);
	return matchers_fit(m, &t.labels);
}

static struct vec firing_alerts(struct arena *a)
{
	struct vec out = {0};
	void *g;

	for (size_t i = 0; map_next(&room.e->alerts->by_id, &i, &g);)
		for (size_t k = 0; k < ((struct group *)g)->count; k++)
			if (((struct group *)g)->alerts[k]->firing)
				*(struct alert **)vec_push(a, &out, sizeof(struct alert *)) = ((struct group *)g)->alerts[k];
	return out;
}

/* Alertmanager's inhibit.go: one alert that matches the source side, is equal where it must be, and does not match the target side
 * too if we match both. */
static bool rule_inhibits(struct arena *a, const struct inhibit_rule *rule, const struct alert *x, const struct vec *firing)
{
	bool both;

	if (!fits(a, &rule->target, x))
		return false;
	both = fits(a, &rule->source, x);
	for (size_t i = 0; i < firing->count; i++) {
		const struct alert *s = ((struct alert **)firing->items)[i];
		bool equal = true;

		for (size_t k = 0; k < rule->equal_count; k++)
			equal = equal && str_eq(alert_label(s, rule->equal[k].p), alert_label(x, rule->equal[k].p));
		if (equal && fits(a, &rule->source, s) && !(both && fits(a, &rule->target, s)))
			return true;
	}
	return false;
}

static uint8_t quiet_by_hand(struct arena *a, const struct alert *x, const struct vec *firing)
{
	const struct alerts *al = room.e->alerts;
	const struct routing *r = room.e->routing;
	uint8_t quiet = 0;

	for (size_t i = 0; i < al->silence_count; i++)
		if (al->silences[i]->s.acted == SILENCE_ACTIVE && fits(a, &al->silences[i]->s.matchers, x))
			quiet |= QUIET_SILENCED;
	for (size_t i = 0; i < r->inhibit_count; i++)
		if (rule_inhibits(a, &r->inhibit_rules[i], x, firing))
			quiet |= QUIET_INHIBITED;
	return quiet;
}

static void check_alerts_of(struct arena *a, const struct group *g, const struct vec *firing, int64_t *fires, int64_t *loud)
{
	const struct alerts *al = room.e->alerts;

	for (size_t i = 0; i < g->count; i++) {
		const struct alert *x = g->alerts[i], *twin = x;

		must(x->group == g && x->index == i, "an alert is not where it says");
		*fires += x->firing;
		*loud += x->firing && !x->quiet;
		must(!x->firing || x->quiet == quiet_by_hand(a, x, firing), "quiet is %d, must be %d", x->quiet, quiet_by_hand(a, x, firing));
		must(x->firing || !x->ties, "an alert that ended inhibits still");
		must(map_get(&al->by_alert, x->identity), "an alert is not found");
		do {
			must(twin->identity == x->identity, "twins of two minds");
			must(twin == x || twin->group != g, "an alert is twice in one group");
		} while ((twin = twin->twin) != x);
		if (x->raw_labels && map_get(&al->by_raw, x->raw_labels))
			must(((struct alert *)map_get(&al->by_raw, x->raw_labels))->raw_labels == x->raw_labels, "the wrong bytes");
	}
}

static bool is_done_with(const struct group *g)
{
	return g->row.state == GROUP_RESOLVED && !g->row.held && !g->outbox_id && !g->details;
}

static void check_group(struct arena *a, struct group *g, const struct vec *firing)
{
	const struct alerts *al = room.e->alerts;
	int64_t fires = 0, loud = 0;
	wall_ms until;

	check_alerts_of(a, g, firing, &fires, &loud);
	must(g->firing == fires, "firing is %lld, must be %lld", (long long)g->firing, (long long)fires);
	must(g->loud == loud, "loud is %lld, must be %lld", (long long)g->loud, (long long)loud);
	must(!g->touched, "touched, and nobody looked after it");
	must(g->route == routing_find(room.e->routing, g->row.group_key, g->row.receiver), "not its route");
	must(g->row.state != GROUP_RESOLVED || fires == 0 || g->row.held, "resolved, and fires");
	must(g->row.state == GROUP_RESOLVED || map_get(&al->by_key, g->key_hash) == g, "open, and its key finds another");
	must(!is_done_with(g) || g->row.flapping, "nothing keeps it in memory"); /* a flapping one goes with its timer */
	if (g->row.state != GROUP_RESOLVED && !g->row.message_ts && !g->row.digest_id && g->loud && !group_is_quiet(g, wall_now(), &until))
		must(g->outbox_id, "loud, and nobody will be told: %s", g->row.short_id.p);
	if (g->row.digest_id && g->row.state != GROUP_RESOLVED)
		must(map_get(&al->digests, (uint64_t)g->row.digest_id), "its digest is gone");
}

static void check_outbox(struct arena *a)
{
	const struct alerts *al = room.e->alerts;
	struct outbox_key *keys;
	size_t count;

	must(store_outbox_of_kind(room.e->db, a, KIND_GROUP, &keys, &count, &err), "%s", err.text);
	for (size_t i = 0; i < count; i++) {
		struct group *g = map_get(&al->by_id, (uint64_t)keys[i].home_id);

		must(g && g->outbox_id == keys[i].id, "a row of the outbox is nobody's: %s has %lld, and there is %lld", g ? g->row.short_id.p : "no group", g ? (long long)g->outbox_id : 0, (long long)keys[i].id);
		must(g->outbox_fence == keys[i].fence || g->sending || g->has_turn, "fence %lld, and its row %lld", (long long)g->outbox_fence, (long long)keys[i].fence);
	}
	must(store_outbox_of_kind(room.e->db, a, KIND_DETAIL, &keys, &count, &err), "%s", err.text);
	for (size_t i = 0; i < count; i++)
		must(map_get(&al->by_id, (uint64_t)keys[i].home_id), "a detail of a group that is not there");
}

static bool check_now(struct work *w, void *context)
{
	const struct alerts *al = room.e->alerts;
	struct vec groups = groups_by_id(w->arena), firing = firing_alerts(w->arena);
	int64_t states[4] = {0};

	(void)context;
	must(!al->touched, "the list of touched groups is not empty");
	for (size_t i = 0; i < groups.count; i++) {
		struct group *g = ((struct group **)groups.items)[i];

		states[g->row.state]++;
		check_group(w->arena, g, &firing);
	}
	must(al->active == (int64_t)firing.count, "active");
	must(al->groups_firing == states[GROUP_FIRING], "groups firing %lld, must be %lld", (long long)al->groups_firing, (long long)states[GROUP_FIRING]);
	must(al->groups_acknowledged == states[GROUP_ACKNOWLEDGED], "groups acknowledged");
	check_outbox(w->arena);
	return true;
}

static bool restart(struct work *w, void *context)
{
	struct vec groups = groups_by_id(w->arena);
	bool comparable = true;
	struct buf before, after;

	for (size_t i = 0; i < groups.count; i++)
		comparable = comparable && !is_done_with(((struct group **)groups.items)[i]);

	(void)context;
	buf_init(&before, 4 * MIB);
	buf_init(&after, 4 * MIB);
	dump(w->arena, &before);
	must(alerts_reload(w->engine, &w->err), "%s", w->err.text);
	dump(w->arena, &after);
	if (comparable)
		compare(buf_str(&before), buf_str(&after));
	buf_done(&before);
	buf_done(&after);
	return check_now(w, NULL);
}

/* ---- when all is told: what the messages say ---- */

static bool messages_are_true(struct work *w, void *context)
{
	struct vec groups = groups_by_id(w->arena);
	struct map digests = {0};

	(void)context;
	for (size_t i = 0; i < groups.count; i++) {
		const struct group *g = ((struct group **)groups.items)[i];
		const char *said = map_get(&chat.texts, (uint64_t)g->row.message_ts);
		struct str wanted = g->row.state == GROUP_RESOLVED ? S("[RESOLVED]") : arena_printf(w->arena, "[FIRING:%lld]", (long long)g->firing);

		if (g->row.message_ts)
			must(said && str_starts(str_of(said), wanted), "%s says '%s', and it is " STR_FMT, g->row.short_id.p, said ? said : "nothing", STR_ARG(wanted));
		must(!is_done_with(g), "%s is never let go", g->row.short_id.p);
		must(!g->outbox_id || !g->row.message_ts, "something of %s waits still", g->row.short_id.p);
		if (g->row.digest_id && g->row.state != GROUP_RESOLVED)
			map_put(&digests, (uint64_t)g->row.digest_id, (void *)g);
	}
	must(digests.count == room.e->alerts->digests.count, "%zu digests are open, and %zu have something to tell", room.e->alerts->digests.count, digests.count);
	map_done(&digests);
	for (size_t i = 0; i < room.e->alerts->silence_count; i++)
		must(room.e->alerts->silences[i]->s.acted == silence_state_at(&room.e->alerts->silences[i]->s, wall_now()), "a silence missed its time");
	return true;
}

/* ---- steps ---- */

/* Up to six alerts of twelve, in a dialect, each firing or ended, from one of a few times, with one of a few texts. */
static struct str random_delivery(struct arena *a)
{
	static const char *const severities[] = {"info", "warning", "page", "error"};
	bool webhook = roll(2);
	int n = 1 + (int)roll(6);
	char at[WALL_TEXT_SIZE], ends[WALL_TEXT_SIZE];
	struct str out;
	struct buf b;

	buf_init(&b, 100000);
	if (webhook)
		buf_printf(&b, "{\"groupKey\":\"g%u\",\"alerts\":", roll(3));
	buf_char(&b, '[');
	for (int i = 0; i < n; i++) {
		bool fires = roll(3) > 0;
		unsigned which = roll(12);

		wall_write(at, wall_now() - (wall_ms)roll(4) * MINUTE);
		wall_write(ends, wall_now() + (fires ? (wall_ms)(1 + roll(5)) * MINUTE : -(wall_ms)roll(3) * MINUTE));
		buf_printf(&b,
			   "%s{\"labels\":{\"alertname\":\"A%u\",\"c\":\"c%u\",\"i\":\"%u\",\"severity\":\"%s\"},\"annotations\":{"
			   "\"summary\":\"s%u\"},\"status\":\"%s\"",
			   i ? "," : "", which % 3, which % 2, which, severities[which % 4], roll(3), fires ? "firing" : "resolved");
		if (roll(2))
			buf_printf(&b, ",\"startsAt\":\"%s\"", at);
		if (!fires || roll(2))
			buf_printf(&b, ",\"endsAt\":\"%s\"", ends);
		buf_char(&b, '}');
	}
	buf_add(&b, webhook ? S("]}") : S("]"));
	out = arena_dup(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static bool deliver(struct work *w)
{
	struct delivery d = {.source_id = 1 + roll(2), .source_name = S("test"), .tool = S("test"), .channel_id = room.channel_id, .body = random_delivery(w->arena)};

	return d.body.p[0] == '[' ? alerts_receive_v2(w, &d) : alerts_receive_webhook(w, &d);
}

static bool deliver_events(struct work *w)
{
	struct delivery d = {.source_id = 3, .source_name = S("tool"), .tool = S("tool"), .channel_id = room.channel_id};
	struct event events[3];
	size_t n = 1 + roll(3);

	for (size_t i = 0; i < n; i++)
		events[i] = (struct event){.source = S("tool"),
					   .status = roll(3) ? EVENT_FIRING : EVENT_RESOLVED,
					   .severity = SEVERITY_CRITICAL,
					   .acknowledged = roll(6) == 0,
					   .dedup_key = arena_printf(w->arena, "k%u", roll(4)),
					   .title = S("it broke")};
	return alerts_receive_events(w, &d, events, n);
}

static struct group *random_group(void)
{
	size_t n = room.e->alerts->by_id.count, wanted = n ? roll((unsigned)n) : 0;
	void *g;

	for (size_t i = 0; map_next(&room.e->alerts->by_id, &i, &g);)
		if (wanted-- == 0)
			return g;
	return NULL;
}

static const char *const silenced[] = {"alertname=A1", "severity=~\"page|info\"", "i=~\"[2-6]\"", "c=c0", "alertname=it broke"};

static bool silence(struct work *w, struct err *e)
{
	const struct alerts *al = w->engine->alerts;
	struct silence s = {.created_by = S("test"), .comment = arena_printf(w->arena, "why %u", roll(3)), .kind = roll(2) ? SILENCE_PLAIN : SILENCE_MAINTENANCE};
	const struct silence *old = al->silence_count ? &al->silences[roll((unsigned)al->silence_count)]->s : NULL;
	struct str uuid;
	bool ok;

	if (old && roll(4) == 0)
		return silences_expire(w, old, S(""), e);
	s.starts = w->now + (wall_ms)roll(3) * MINUTE;
	s.ends = s.starts + (wall_ms)(1 + roll(5)) * MINUTE;
	if (old && roll(2)) {
		s.uuid = old->uuid;
		if (roll(3))
			s.starts = old->starts;
	}
	must(matchers_parse(w->arena, &s.matchers, old && s.uuid.n && roll(2) ? matchers_text(w->arena, &old->matchers) : str_of(silenced[roll(COUNT_OF(silenced))]), e), "%s",
	     e->text);
	ok = silences_put(w, &s, &uuid, e);
	matchers_done(&s.matchers);
	return ok;
}

static bool fine(bool ok, const struct err *e)
{
	return ok || e->code == ERR_CONFLICT || e->code == ERR_INVALID || e->code == ERR_NOT_FOUND;
}

static bool random_step(struct work *w, void *context)
{
	struct err e = {0};
	struct group *g = random_group();
	unsigned what = g ? roll(12) : 11;
	bool ok;

	if (what == 0)
		ok = fine(alerts_ack(w, g, room.user_id, &e), &e);
	else if (what == 1)
		ok = fine(alerts_resolve(w, g, room.user_id, &e), &e);
	else if (what <= 3)
		ok = fine(silence(w, &e), &e);
	else if (what == 4)
		ok = heartbeat_heard(w, *(int64_t *)context);
	else if (what <= 6)
		ok = deliver_events(w);
	else
		ok = deliver(w);
	if (e.code && !w->err.code)
		w->err = e;
	return ok;
}

/* All of a step happens, and then the item fails. */
static bool step_that_fails(struct work *w, void *context)
{
	bool ok = random_step(w, context);

	if (ok)
		err_set(&w->err, ERR_CONFLICT, "it fails at its very end");
	return false;
}

static bool write_something(struct work *w, void *context)
{
	(void)context;
	return store_setting_put(w->engine->db, 0, "x", S("y"), &w->err);
}

/* Then the store takes nothing for a while. */
static void lose_a_commit(int64_t *source_id)
{
	commit_fails = true;
	(void)!room_do(&room, random_step, source_id, &err);
	commit_fails = false;
	must(room_do(&room, check_now, NULL, &err), "%s", err.text);
	while (!room_do(&room, write_something, NULL, &err))
		usleep(50000);
}

static void do_step(int64_t *source_id)
{
	unsigned luck = roll(12);

	err_clear(&err);
	if (luck == 0) {
		(void)!room_do(&room, step_that_fails, source_id, &err);
	} else if (luck == 1) {
		writes_until_full = 1 + (int)roll(12);
		(void)!room_do(&room, random_step, source_id, &err);
		writes_until_full = 0;
	} else if (luck == 2 && roll(20) == 0) {
		lose_a_commit(source_id);
	} else if (luck == 2) {
		must(room_do(&room, swap_routing, routing_of(roll(COUNT_OF(routings))), &err), "%s", err.text);
	} else {
		must(room_do(&room, random_step, source_id, &err), "%s", err.text);
	}
}

static void pass_time(span_ms by)
{
	let_go_of_posts();
	if (roll(4) == 0)
		writes_until_full = 1 + (int)roll(20);
	room_advance(&room, by);
	writes_until_full = 0;
}

static void open_room(void)
{
	room_open(&room);
	log_set_level(LOG_ERROR + 1);
	room_threads(&room, chats, run_command);
}

static void close_room(void)
{
	let_go_of_posts();
	room_close(&room);
}

static bool add_source(struct work *w, void *context)
{
	struct source s = {.id = engine_id(w), .workspace_id = w->engine->workspace_id, .tool = S("cron"), .name = S("cron"), .channel_id = room.channel_id, .heartbeat = 2 * MINUTE};

	*(int64_t *)context = s.id;
	return store_source_add(w->engine->db, &s, S("hash"), w->now, &w->err) && heartbeat_set(w, &s, &w->err);
}

START_TEST(rows_build_the_same_memory)
{
	const char *given = getenv("OPSROOM_SEED");
	int64_t source_id;

	dice.seed = seed = given ? strtoull(given, NULL, 10) : (uint64_t)_i + 1;
	step = 0;
	must(room_do(&room, add_source, &source_id, &err), "%s", err.text);
	for (step = 1; step <= STEPS; step++) {
		chat.retries = roll(4) ? 0 : 3;
		chat.hold = chat.hold || roll(10) == 0;
		do_step(&source_id);
		must(room_do(&room, check_now, NULL, &err), "%s", err.text);
		if (roll(3) == 0)
			pass_time((span_ms)roll(4) * roll(30) * SECOND);
		must(room_do(&room, roll(3) ? check_now : restart, NULL, &err), "%s", err.text);
	}
	chat.retries = 0;
	let_go_of_posts();
	room_advance(&room, 31 * MINUTE); /* all that ends by itself has ended, all that flaps has settled */
	must(room_do(&room, restart, NULL, &err), "%s", err.text);
	must(room_do(&room, messages_are_true, NULL, &err), "%s", err.text);
}
END_TEST

/* ---- storms end ---- */

static bool three_alerts(struct work *w, void *context)
{
	struct delivery d = {.source_name = S("test"), .channel_id = room.channel_id};
	struct str ends = context ? S(", \"endsAt\": \"2026-03-02T02:15:00Z\"") : S("");
	struct buf b;
	bool ok;

	buf_init(&b, 10000);
	for (int i = 0; i < 3; i++)
		buf_printf(&b, "%c{\"labels\": {\"alertname\": \"S%d\"}" STR_FMT "}", i ? ',' : '[', i, STR_ARG(ends));
	buf_char(&b, ']');
	d.body = buf_str(&b);
	ok = alerts_receive_v2(w, &d);
	buf_done(&b);
	return ok;
}

static bool digests_are(struct work *w, void *context)
{
	return w->engine->alerts->digests.count == *(size_t *)context;
}

/* All of it ends while others may still come to it; nobody comes. */
START_TEST(a_storm_that_is_over_is_forgotten)
{
	size_t one = 1, none = 0;

	ck_assert(room_do(&room, swap_routing, routing_parse(S("storm: {groups: 1, within: 1m}"), "test.yaml", &err), &err));
	ck_assert(room_do(&room, three_alerts, NULL, &err));
	room_advance(&room, 2 * SECOND);
	ck_assert(room_do(&room, digests_are, &one, &err));
	ck_assert(room_do(&room, three_alerts, "they end", &err));
	room_advance(&room, 2 * SECOND);
	ck_assert(room_do(&room, digests_are, &one, &err));
	room_advance(&room, 2 * MINUTE);
	ck_assert(room_do(&room, digests_are, &none, &err));
	ck_assert(room_do(&room, restart, NULL, &err));
	ck_assert(room_do(&room, digests_are, &none, &err));
}
END_TEST

/* ---- what flaps ends ---- */

static bool fires_or_ends(struct work *w, void *context)
{
	struct delivery d = {.source_name = S("test"), .channel_id = room.channel_id};

	d.body = context ? S("[{\"labels\":{\"alertname\":\"F\"},\"endsAt\":\"2026-03-02T02:15:00Z\"}]") : S("[{\"labels\":{\"alertname\":\"F\"}}]");
	return alerts_receive_v2(w, &d);
}

static bool silence_f(struct work *w, void *context)
{
	struct silence s = {.starts = w->now, .ends = w->now + HOUR, .created_by = S("test"), .comment = S("x"), .kind = SILENCE_PLAIN};
	struct str uuid;
	bool ok = matchers_parse(w->arena, &s.matchers, S("alertname=F"), &w->err) && silences_put(w, &s, &uuid, &w->err);

	(void)context;
	matchers_done(&s.matchers);
	return ok;
}

static bool resolve_it(struct work *w, void *context)
{
	struct group *g = alerts_find(w, S("F"), &w->err);

	(void)context;
	return g && alerts_resolve(w, g, room.user_id, &w->err);
}

static bool groups_are(struct work *w, void *context)
{
	return w->engine->alerts->by_id.count == *(size_t *)context;
}

/* Nobody was told of it: a silence kept it quiet. It keeps still when it is resolved by hand. */
START_TEST(a_flapping_group_that_nobody_heard_of_goes)
{
	size_t one = 1, none = 0;

	ck_assert(room_do(&room, swap_routing, routing_parse(S("flapping: {changes: 2, within: 10m}"), "test.yaml", &err), &err));
	ck_assert_msg(room_do(&room, silence_f, NULL, &err), "%s", err.text);
	for (int i = 0; i < 3; i++) {
		ck_assert(room_do(&room, fires_or_ends, NULL, &err));
		if (i < 2)
			ck_assert(room_do(&room, fires_or_ends, "it ends", &err));
	}
	ck_assert(room_do(&room, fires_or_ends, "it ends", &err));
	ck_assert(room_do(&room, groups_are, &one, &err));
	ck_assert_msg(room_do(&room, resolve_it, NULL, &err), "%s", err.text);
	room_advance(&room, 6 * MINUTE);
	ck_assert(room_do(&room, groups_are, &none, &err));
}
END_TEST

/* ---- routes, asked the slow way ---- */

static const char *const values[] = {"", "a", "b", "ab"};
static const char *const names[] = {"x", "y", "z"};

static void put_random_matchers(struct buf *b)
{
	static const char *const ops[] = {"=", "!=", "=~", "!~"};
	static const char *const patterns[] = {"a|b", "a.*", ".+", ".*", ""};
	unsigned n = roll(3);

	buf_add(b, S("matchers: ["));
	for (unsigned i = 0; i < n; i++) {
		unsigned op = roll(4);

		buf_printf(b, "%s'%s%s\"%s\"'", i ? ", " : "", names[roll(3)], ops[op], op < 2 ? values[roll(4)] : patterns[roll(5)]);
	}
	buf_char(b, ']');
}

static void put_random_route(struct buf *b, int depth)
{
	unsigned children = depth < 4 ? roll(4) : 0;

	buf_add(b, S("{receiver: "));
	buf_add(b, roll(2) ? S("a, ") : S("b, "));
	if (depth)
		put_random_matchers(b);
	else
		buf_add(b, S("group_by: [x]"));
	if (depth && roll(3) == 0)
		buf_add(b, S(", continue: true"));
	buf_add(b, S(", routes: ["));
	for (unsigned i = 0; i < children; i++) {
		if (i)
			buf_add(b, S(", "));
		put_random_route(b, depth + 1);
	}
	buf_add(b, S("]}"));
}

/* Prometheus' words for it (dispatch/route.go): the routes below, or the route itself; a list, not a walk. */
static struct vec taken_by_hand(struct arena *a, const struct route *t, const struct labels *l)
{
	struct vec out = {0};

	for (size_t i = 0; i < t->matchers.count; i++)
		if (!matcher_fits(&t->matchers.items[i], labels_get(l, t->matchers.items[i].name.p)))
			return out;
	for (const struct route *c = t->child; c; c = c->next) {
		struct vec below = taken_by_hand(a, c, l);

		for (size_t i = 0; i < below.count; i++)
			*(const struct route **)vec_push(a, &out, sizeof c) = ((const struct route **)below.items)[i];
		if (below.count && !c->goes_on)
			break;
	}
	if (!out.count)
		*(const struct route **)vec_push(a, &out, sizeof t) = t;
	return out;
}

START_TEST(routes_are_taken_as_by_hand)
{
	struct arena a;
	struct buf b;

	dice.seed = seed = (uint64_t)_i + 1;
	arena_init(&a);
	buf_init(&b, MIB);
	for (step = 0; step < 40; step++) {
		struct routing *r;

		buf_reset(&b);
		buf_add(&b, S("receivers: [{name: a, channel: a}, {name: b, channel: b}]\nroute: "));
		put_random_route(&b, 0);
		r = routing_parse(buf_str(&b), "test.yaml", &err);
		must(r, "%s in %s", err.text, b.p);
		for (int i = 0; i < 64; i++) {
			struct label items[3];
			struct labels l = {items, 0};
			const struct route **taken;
			struct vec wanted;
			size_t n;

			for (int k = 0, v = i; k < 3; k++, v /= 4)
				if (v % 4)
					items[l.count++] = (struct label){str_of(names[k]), str_of(values[v % 4])};
			n = routing_match(r, &a, &l, &taken);
			wanted = taken_by_hand(&a, r->root, &l);
			must(n == wanted.count && memcmp(taken, wanted.items, n * sizeof *taken) == 0, "%s takes other routes in %s", labels_text(&a, &l).p, b.p);
			for (size_t k = 0; k < n; k++) { /* and is found again by its key, or one that is just the same */
				struct labels by = route_group_labels(&a, taken[k], &l);
				struct str key = arena_printf(&a, STR_FMT ":" STR_FMT, STR_ARG(taken[k]->key), STR_ARG(labels_text(&a, &by)));
				const struct route *found = routing_find(r, key, taken[k]->receiver->name);

				must(found && str_eq(found->key, taken[k]->key) && found->receiver == taken[k]->receiver, "the route of %s is lost in %s", key.p, b.p);
			}
		}
		routing_free(r);
		arena_reset(&a);
	}
	buf_done(&b);
	arena_done(&a);
}
END_TEST

int main(void)
{
	const char *seeds = getenv("OPSROOM_SEEDS");
	const struct unit_test tests[] = {
		{"storm", a_storm_that_is_over_is_forgotten},
		{"flapping", a_flapping_group_that_nobody_heard_of_goes},
		{"routes", routes_are_taken_as_by_hand, .times = 5},
		{"restart", rows_build_the_same_memory, .times = getenv("OPSROOM_SEED") ? 1 : seeds ? atoi(seeds) : SEEDS},
	};

	return unit_run_in("engine/memory", tests, COUNT_OF(tests), open_room, close_room);
}
