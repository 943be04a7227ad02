/* Messages as the Web API and incoming webhooks take them, without their HTTP: what is refused and what is stored. */
#include "api/assets.h"
#include "api/slack.h"
#include "engine_fixture.h"
#include "unit.h"

/* The routes come along with api/slack.c; the console's files do not. */
const struct asset assets[] = {{0}};
const size_t asset_count = 0;

static struct room room;

static void open_room(void)
{
	room_open(&room);
}

static void close_room(void)
{
	room_close(&room);
}

struct read {
	const char *args;
	const char *error;
	char details[200], text[200], body[2000];
	bool ok;
};

static bool read_one(struct work *w, void *context)
{
	struct read *r = context;
	const struct json *args = json_parse(w->arena, str_of(r->args), JSON_LAST_KEY_WINS, &w->err);
	struct message m = {0};
	struct str details;

	if (!args)
		return false;
	r->ok = slack_read_message(w, args, NULL, true, &m, &r->error, &details);
	snprintf(r->details, sizeof r->details, STR_FMT, STR_ARG(details));
	snprintf(r->text, sizeof r->text, STR_FMT, STR_ARG(m.text));
	snprintf(r->body, sizeof r->body, STR_FMT, STR_ARG(m.body));
	return true;
}

static struct read reads(const char *args)
{
	struct read r = {.args = args};

	room_run(&room, read_one, &r);
	return r;
}

static const struct {
	const char *args, *error, *details;
} refused[] = {
	{"{\"blocks\":\"[{\"}", "invalid_blocks_format", ""},
	{"{\"blocks\":{}}", "invalid_blocks_format", ""},
	{"{\"blocks\":[1]}", "invalid_blocks", "missing required field: type [json-pointer:/blocks/0]"},
	{"{\"blocks\":[{\"type\":\"divider\"},{\"type\":\"carousel\"}]}", "invalid_blocks",
	 "unsupported type: carousel [json-pointer:/blocks/1/type]"},
	{"{\"blocks\":[{\"type\":\"section\"}]}", "invalid_blocks",
	 "either text or fields must be there [json-pointer:/blocks/0]"},
	{"{\"blocks\":[{\"type\":\"actions\",\"elements\":[]}]}", "invalid_blocks",
	 "no less than 1 items allowed [json-pointer:/blocks/0/elements]"},
	{"{\"blocks\":[{\"type\":\"actions\"}]}", "invalid_blocks",
	 "missing required field: elements [json-pointer:/blocks/0]"},
	{"{\"blocks\":[{\"type\":\"actions\",\"elements\":[7]}]}", "invalid_blocks",
	 "missing required field: type [json-pointer:/blocks/0/elements/0]"},
	{"{\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":[]}}]}", "invalid_blocks",
	 "must be more than 0 characters [json-pointer:/blocks/0/text/text]"},
	{"{\"blocks\":[{\"type\":\"section\",\"fields\":7}]}", "invalid_blocks",
	 "must be an array [json-pointer:/blocks/0/fields]"},
	{"{\"attachments\":7}", "invalid_attachments", ""},
};

START_TEST(what_is_refused)
{
	struct read r = reads(refused[_i].args);

	ck_assert(!r.ok);
	ck_assert_str_eq(r.error, refused[_i].error);
	ck_assert_str_eq(r.details, refused[_i].details);
}
END_TEST

START_TEST(numbers_and_lengths)
{
	struct buf b;

	buf_init(&b, 8 * MIB);
	buf_add(&b, S("{\"blocks\":["));
	for (int i = 0; i < 51; i++)
		buf_printf(&b, "%s{\"type\":\"divider\"}", i ? "," : "");
	buf_add(&b, S("]}"));
	ck_assert_str_eq(reads(b.p).details, "no more than 50 items allowed [json-pointer:/blocks]");
	buf_reset(&b);
	buf_add(&b, S("{\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\""));
	for (int i = 0; i < 150; i++)
		buf_add(&b, S("\xc3\xbc")); /* characters count, not bytes */
	buf_add(&b, S("\"}}]}"));
	ck_assert(reads(b.p).ok);
	b.n -= strlen("\"}}]}");
	buf_add(&b, S("x\"}}]}"));
	ck_assert_str_eq(reads(b.p).details, "must be less than 151 characters [json-pointer:/blocks/0/text/text]");
	buf_done(&b);
}
END_TEST

/* More than can be stored is refused; it must not be cut into something that is no JSON. */
START_TEST(a_body_that_is_too_long)
{
	struct buf b;
	struct read r;

	buf_init(&b, 8 * MIB);
	buf_add(&b, S("{\"text\":\"x\",\"username\":\"ci\",\"attachments\":[{\"title\":\"t\",\"text\":\""));
	buf_printf(&b, "%01500000d", 7);
	buf_add(&b, S("\"}]}"));
	r = reads(b.p);
	ck_assert(!r.ok);
	ck_assert_str_eq(r.error, "msg_too_long");
	buf_done(&b);
}
END_TEST

START_TEST(what_is_stored)
{
	struct read r = reads("{\"text\":\"a < b "
			      "<@U1>\",\"username\":\"ci\",\"icon_emoji\":\":ship:\",\"blocks\":[{\"type\":\"divider\","
			      "\"block_id\":\"mine\"}],"
			      "\"attachments\":[{\"color\":\"good\",\"id\":77,\"text\":\"t\"},7,{\"color\":\"#abcdef\"}"
			      "],\"metadata\":\"{\\\"event_type\\\":\\\"e\\\"}\"}");

	ck_assert(r.ok);
	ck_assert_str_eq(r.text, "a &lt; b <@U1>");
	ck_assert_str_eq(
		r.body,
		"{\"blocks\":[{\"type\":\"divider\",\"block_id\":\"mine\"}],"
		"\"attachments\":[{\"id\":1,\"color\":\"2eb886\",\"text\":\"t\"},{\"id\":2,\"color\":\"abcdef\"}],"
		"\"username\":\"ci\",\"icons\":{\"emoji\":\":ship:\"},\"metadata\":{\"event_type\":\"e\"}}");
	r = reads("{\"blocks\":\"[{\\\"type\\\":\\\"divider\\\"}]\"}"); /* as text, as form posts have it */
	ck_assert(r.ok && strstr(r.body, "\"block_id\":\""));
	r = reads("{\"markdown_text\":\"**x**\"}");
	ck_assert_str_eq(r.text, "**x**");
	ck_assert_str_eq(r.body, "");
}
END_TEST

/* ---- what Alertmanager's slack_configs send, as recorded ---- */

#define RECORDED OPSROOM_SOURCE "/../shared/payloads/_recordings/alertmanager_slack.json"

/* Everything of the attachment is kept as it came; only the colour's word becomes a colour. */
static void check_attachment(const struct json *sent, const struct json *stored)
{
	struct str color = json_get_str(sent, "color");
	const struct json *kept = stored->child;

	ck_str(kept->key, "id");
	for (const struct json *m = sent->child; m; m = m->next) {
		kept = kept->next;
		ck_assert(kept && str_eq(kept->key, m->key) && kept->type == m->type && kept->count == m->count);
		if (m->type == JSON_STR && !str_is(m->key, "color"))
			ck_assert(str_eq(kept->text, m->text));
	}
	ck_str(json_get_str(stored, "color"), str_is(color, "danger") ? "a30200" : "2eb886");
}

static bool read_recorded(struct work *w, void *context)
{
	const struct json *list = json_parse(w->arena, *(struct str *)context, JSON_LAST_KEY_WINS, &w->err);

	for (const struct json *x = list ? list->child : NULL; x; x = x->next) {
		const struct json *body = json_get(x, "body"), *sent = json_get(body, "attachments"), *stored;
		struct message m = {0};
		const char *error;
		struct str details;

		ck_assert(slack_read_message(w, body, NULL, true, &m, &error, &details));
		stored = json_parse(w->arena, m.body, JSON_STRICT, &w->err);
		ck_assert(stored && sent && json_get(stored, "attachments")->count == sent->count);
		check_attachment(sent->child, json_get(stored, "attachments")->child);
		ck_assert(str_eq(json_get_str(stored, "username"), json_get_str(body, "username")));
	}
	return list && list->count > 0;
}

START_TEST(alertmanagers_slack_configs)
{
	FILE *f = fopen(RECORDED, "rb");
	struct str text;
	struct buf b;

	if (!f) {
		printf("not there, not run: " RECORDED "\n");
		return;
	}
	buf_init(&b, 1 * MIB);
	b.n = fread(buf_room(&b, MIB - 1), 1, MIB - 1, f);
	fclose(f);
	text = buf_str(&b);
	room_run(&room, read_recorded, &text);
	buf_done(&b);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"refused", what_is_refused, .times = COUNT_OF(refused)},
		{"refused", numbers_and_lengths},
		{"refused", a_body_that_is_too_long},
		{"stored", what_is_stored},
		{"stored", alertmanagers_slack_configs},
	};

	return unit_run_in("api/message", tests, COUNT_OF(tests), open_room, close_room);
}
