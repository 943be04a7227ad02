/* The open alerts as Alertmanager's API v2 shows them: filters, groups, receivers. */
#include "engine_fixture.h"
#include "unit.h"

static struct room room;

static void open_room(void)
{
	room_open(&room);
	log_set_level(LOG_ERROR + 1);
}

static void close_room(void)
{
	room_close(&room);
}

static bool deliver(struct work *w, void *context)
{
	struct delivery d = {.source_name = S("test"), .channel_id = room.channel_id, .body = str_of(context)};

	return d.body.p[0] == '[' ? alerts_receive_v2(w, &d) : alerts_receive_webhook(w, &d);
}

struct question {
	const char *matchers, *receiver;
	bool inactive, groups;
	struct buf out;
};

/* What is asked, in few words: `A B`, or `{alertname="A"} sre-alerts: A; ...`. */
static bool ask(struct work *w, void *context)
{
	struct question *q = context;
	struct matchers m = {0};
	struct regex *receiver = q->receiver ? regex_new(str_of(q->receiver), &w->err) : NULL;
	struct alerts_filter f = {.matchers = &m, .receiver = receiver, .active = !q->inactive};
	struct json_out o;
	struct buf b;
	const struct json *list;
	struct labels labels;

	if (!matchers_parse(w->arena, &m, str_of(q->matchers), &w->err))
		return false;
	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	if (!(q->groups ? alerts_write_v2_groups : alerts_write_v2)(w, &o, &f, &w->err))
		return false;
	list = json_parse(w->arena, arena_dup(w->arena, buf_str(&b)), JSON_STRICT, &w->err);
	buf_done(&b);
	matchers_done(&m);
	regex_free(receiver);
	if (!list)
		return false;
	buf_init(&q->out, 64 * KIB);
	for (const struct json *one = list->child; one; one = one->next) {
		const struct json *alert = q->groups ? json_get(one, "alerts")->child : one;

		if (q->groups && !labels_parse(w->arena, json_get(one, "labels"), 0, &labels, &w->err))
			return false;
		if (q->groups)
			buf_printf(&q->out, STR_FMT " " STR_FMT ": ", STR_ARG(labels_text(w->arena, &labels)),
				   STR_ARG(json_get_str(json_get(one, "receiver"), "name")));
		for (; alert; alert = q->groups ? alert->next : NULL)
			buf_printf(&q->out, STR_FMT "%s", STR_ARG(json_get_str(json_get(alert, "labels"), "i")),
				   q->groups && alert->next ? "," : "");
		buf_add(&q->out, one->next ? q->groups ? S("; ") : S(" ") : S(""));
	}
	return true;
}

static const char posted[] = "[{\"labels\":{\"alertname\":\"Disk\",\"i\":\"a\",\"team\":\"db\"}},{\"labels\":{"
			     "\"alertname\":\"Disk\",\"i\":\"b\"}},"
			     "{\"labels\":{\"alertname\":\"Mem\",\"i\":\"c\",\"team\":\"web\"}}]";
static const char resolved[] =
	"[{\"labels\":{\"alertname\":\"Mem\",\"i\":\"c\",\"team\":\"web\"},\"endsAt\":\"2026-03-02T02:00:00Z\","
	"\"startsAt\":\"2026-03-02T01:00:00Z\"}]";
static const char by_webhook[] = "{\"groupKey\":\"{}/{team=~\\\"}:{|x\\\"}:{cluster=\\\"eu\\\", "
				 "job=\\\"a,b\\\"}\",\"status\":\"firing\",\"alerts\":["
				 "{\"labels\":{\"alertname\":\"W\",\"i\":\"d\",\"cluster\":\"eu\",\"job\":\"a,b\"}}]}";
static const char no_key[] = "{\"status\":\"firing\",\"groupKey\":\"mine\",\"alerts\":["
			     "{\"labels\":{\"alertname\":\"N\",\"i\":\"e\",\"x\":\"y\"}},{\"labels\":{\"alertname\":"
			     "\"N\",\"i\":\"f\",\"x\":\"y\"}}]}";

static const struct {
	struct question q;
	const char *answer; /* in the order of fingerprints */
} asked[] = {
	{{""}, "a b c"},
	{{"team=db"}, "a"},
	{{"team=\"\""}, "b"},
	{{"team!=\"\""}, "a c"},
	{{"alertname=~D.*,i!~a"}, "b"},
	{{"alertname=Disk,team=web"}, ""},
	{{"zzz!=x"}, "a b c"},
	{{"i=a", .inactive = true}, ""},
	{{"i=a", .receiver = "sre-.*"}, "a"},
	{{"i=a", .receiver = "sre"}, ""},
	{{"", .groups = true}, "{alertname=\"Disk\"} sre-alerts: a,b; {alertname=\"Mem\"} sre-alerts: c"},
	{{"team=db", .groups = true}, "{alertname=\"Disk\"} sre-alerts: a"},
	{{"", .groups = true, .inactive = true}, ""},
	{{"", .groups = true, .receiver = "x"}, ""},
};

START_TEST(filters)
{
	struct question q = asked[_i].q;

	room_run(&room, deliver, (void *)posted);
	room_run(&room, ask, &q);
	ck_str(buf_str(&q.out), asked[_i].answer);
	buf_done(&q.out);
}
END_TEST

START_TEST(what_is_resolved_is_not_listed)
{
	struct question q = {"", .groups = true};

	room_run(&room, deliver, (void *)posted);
	room_run(&room, deliver, (void *)resolved);
	room_run(&room, ask, &q);
	ck_str(buf_str(&q.out), "{alertname=\"Disk\"} sre-alerts: a,b");
	buf_done(&q.out);
}
END_TEST

START_TEST(groups_by_their_key_or_by_what_is_common)
{
	struct question q = {"", .groups = true};

	room_run(&room, deliver, (void *)by_webhook);
	room_run(&room, deliver, (void *)no_key);
	room_run(&room, ask, &q);
	/* as many labels: the one with the first name of its own comes last, as Prometheus sorts */
	ck_str(buf_str(&q.out),
	       "{cluster=\"eu\", job=\"a,b\"} sre-alerts: d; {alertname=\"N\", x=\"y\"} sre-alerts: e,f");
	buf_done(&q.out);
}
END_TEST

static bool list_receivers(struct work *w, void *context)
{
	struct str *names;
	size_t count;
	struct buf *out = context;

	if (!alerts_receivers(w, room.channel_id, &names, &count, &w->err))
		return false;
	for (size_t i = 0; i < count; i++)
		buf_printf(out, STR_FMT " ", STR_ARG(names[i]));
	return true;
}

START_TEST(a_channel_is_one_receiver)
{
	struct buf out;

	buf_init(&out, KIB);
	room_run(&room, list_receivers, &out);
	ck_str(buf_str(&out), "sre-alerts ");
	buf_done(&out);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"alerts", filters, .times = COUNT_OF(asked)},
		{"alerts", what_is_resolved_is_not_listed},
		{"groups", groups_by_their_key_or_by_what_is_common},
		{"receivers", a_channel_is_one_receiver},
	};

	return unit_run_in("engine/v2", tests, COUNT_OF(tests), open_room, close_room);
}
