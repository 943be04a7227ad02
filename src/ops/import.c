#include "ops/import.h"

#include "base/yaml.h"
#include "ops/routing.h"

#define ALWAYS "opsroom-always" /* the interval that always holds */

struct importer {
	struct arena *arena;
	const char *file;
	struct str channel;
	struct err *err;
	struct import_remark *remarks;
	struct comment *comments;
	unsigned made, routes, losses, remark_count; /* made: nodes copied */
	bool uses_always;
	const struct json *silent; /* receivers of the original that tell nobody: the list, asked by is_silent() */
};

/* Stands before a value in what is written. */
struct comment {
	struct comment *next;
	const struct json *at;
	struct str text;
};

#define COPIES_MAX 200000 /* merge keys can make a short text long */
#define REMARKS_MAX 2000  /* then they are only counted */

/* ---- remarks ---- */

/* What came with the file and is shown in a comment or on a terminal: one line, printable. */
static struct str shown(struct importer *im, struct str s)
{
	struct str clipped = str_clip(s, 100);
	char *p = arena_alloc(im->arena, clipped.n + 1);

	for (size_t i = 0; i < clipped.n; i++)
		p[i] = (clipped.p[i] >= ' ' && clipped.p[i] < 127) ? clipped.p[i] : '?';
	p[clipped.n] = '\0';
	return str_n(p, clipped.n);
}

static void remark(struct importer *im, unsigned line, bool is_loss, struct str text)
{
	struct import_remark **at = &im->remarks, *r = arena_zero(im->arena, sizeof *r);

	im->losses += is_loss;
	if (++im->remark_count > REMARKS_MAX)
		return;
	*r = (struct import_remark){.line = line, .is_loss = is_loss, .text = text};
	while (*at && (*at)->line <= line)
		at = &(*at)->next;
	r->next = *at;
	*at = r;
}

static void comment(struct importer *im, const struct json *at, struct str text)
{
	struct comment **last = &im->comments, *c = arena_zero(im->arena, sizeof *c);

	*c = (struct comment){.at = at, .text = text};
	while (*last)
		last = &(*last)->next;
	*last = c;
}

/* Not carried over: told, and said where it would stand. */
static void lose(struct importer *im, unsigned line, const struct json *at, struct str text)
{
	remark(im, line, true, text);
	if (at && im->remark_count <= REMARKS_MAX)
		comment(im, at, text);
}

static bool wrong(struct importer *im, const struct json *at, struct str what)
{
	err_set(im->err, ERR_INVALID, STR_FMT, STR_ARG(str_clip(what, 250)));
	err_prefix(im->err, "%s: line %u: ", im->file, at->line);
	return false;
}

/* ---- trees ---- */

static struct json *node_new(struct importer *im, enum json_type type, unsigned line, struct str key, struct str text)
{
	struct json *v = arena_zero(im->arena, sizeof *v);

	v->type = (uint8_t)type;
	v->line = line;
	v->key = key;
	v->text = text;
	return v;
}

static void append(struct json *parent, struct json *v)
{
	struct json **at = &parent->child;

	while (*at)
		at = &(*at)->next;
	*at = v;
	parent->count++;
}

static struct json *member(const struct json *object, struct str key)
{
	struct json *v = json_is(object, JSON_OBJECT) ? object->child : NULL;

	while (v && !str_eq(v->key, key))
		v = v->next;
	return v;
}

static bool copy_into(struct importer *im, struct json *to, const struct json *from, bool keep_ours);

/* `<<: *other`, or a list of them: what is not there already. */
static bool merge(struct importer *im, struct json *to, const struct json *from)
{
	if (from->type == JSON_OBJECT)
		return copy_into(im, to, from, true);
	if (from->type != JSON_ARRAY)
		return wrong(im, from, S("map merge requires map or sequence of maps as the value"));
	for (const struct json *v = from->child; v; v = v->next)
		if (v->type != JSON_OBJECT || !copy_into(im, to, v, true))
			return v->type == JSON_OBJECT
				       ? false
				       : wrong(im, from, S("map merge requires map or sequence of maps as the value"));
	return true;
}

static struct json *copy(struct importer *im, const struct json *v)
{
	struct json *made = node_new(im, v->type, v->line, v->key, v->text);

	made->i = v->i;
	return copy_into(im, made, v, false) ? made : NULL;
}

static bool copy_into(struct importer *im, struct json *to, const struct json *from, bool keep_ours)
{
	struct json **tail = &to->child;
	const struct json *merged = NULL;

	while (*tail)
		tail = &(*tail)->next;
	for (const struct json *v = from->child; v; v = v->next) {
		if (from->type == JSON_OBJECT && str_is(v->key, "<<")) {
			merged = v;
			continue;
		}
		if (keep_ours && member(to, v->key))
			continue;
		if (++im->made > COPIES_MAX)
			return wrong(im, v, S("merged it is too large"));
		if (!(*tail = copy(im, v)))
			return false;
		tail = &(*tail)->next;
		to->count++;
	}
	return !merged || merge(im, to, merged);
}

/* A number or word of YAML counts as its text. */
static struct str text_of(const struct json *v)
{
	return v && v->type < JSON_ARRAY && v->type != JSON_NULL ? v->text : S("");
}

static bool has(struct str words, struct str key)
{
	struct str word;

	while (str_word(&words, &word))
		if (str_eq(word, key))
			return true;
	return false;
}

static bool known_keys(struct importer *im, const struct json *item, struct str keys)
{
	if (item->type != JSON_OBJECT)
		return wrong(im, item, S("a mapping is wanted here"));
	for (const struct json *v = item->child; v; v = v->next)
		if (!has(keys, v->key))
			return wrong(
				im, v,
				arena_printf(im->arena, "field " STR_FMT " not found", STR_ARG(shown(im, v->key))));
	return true;
}

/* ---- receivers ---- */

static const struct {
	const char *key, *why; /* of a receiver's list */
} elsewhere[] = {
	{"email_configs", "opsroom sends no mail for alerts"},
	{"webhook_configs", "opsroom calls no webhooks for alerts"},
	{"pagerduty_configs", "paging comes with on-call policies"},
	{"opsgenie_configs", "paging comes with on-call policies"},
	{"victorops_configs", "paging comes with on-call policies"},
	{"pushover_configs", "paging comes with on-call policies"},
	{"sns_configs", "paging comes with on-call policies"},
	{"telegram_configs", "opsroom does not post there"},
	{"wechat_configs", "opsroom does not post there"},
	{"webex_configs", "opsroom does not post there"},
	{"discord_configs", "opsroom does not post there"},
	{"msteams_configs", "opsroom does not post there"},
	{"msteamsv2_configs", "opsroom does not post there"},
	{"rocketchat_configs", "opsroom does not post there"},
	{"mattermost_configs", "opsroom does not post there"},
	{"jira_configs", "opsroom makes no issues there"},
	{"incidentio_configs", "paging comes with on-call policies"},
};

static const char *why_not(struct str key)
{
	for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
		if (str_is(key, elsewhere[i].key))
			return elsewhere[i].why;
	return NULL;
}

/* `source` and `service` are receivers that we have already. */
static struct str receiver_name(struct importer *im, struct str name)
{
	return str_is(name, "source") || str_is(name, "service")
		       ? arena_printf(im->arena, "alertmanager-" STR_FMT, STR_ARG(name))
		       : name;
}

/* It has no list with anything in it: Alertmanager tells nobody. */
static bool is_silent(const struct json *receiver)
{
	for (const struct json *v = receiver->child; v; v = v->next)
		if (v->type == JSON_ARRAY && v->count)
			return false;
	return true;
}

static bool is_silent_name(const struct importer *im, struct str name)
{
	for (const struct json *v = im->silent ? im->silent->child : NULL; v; v = v->next)
		if (str_eq(text_of(json_get(v, "name")), name))
			return is_silent(v);
	return false;
}

/* How many of its characters are of these. */
static size_t count_of(struct str s, const char *these)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] && strchr(these, s.p[i]);
	return n;
}

/* A name that a channel of ours can have; else what is wrong with it. */
static const char *channel_fault(struct str name)
{
	if (!name.n)
		return "it names no channel";
	if (name.p[0] == '@')
		return "it is a person";
	if (str_find(name, S("{{"), NULL))
		return "it is a template";
	if (name.n >= 9 && (name.p[0] == 'C' || name.p[0] == 'G') &&
	    count_of(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == name.n)
		return "it is Slack's id of a channel";
	if (name.n > 80 || count_of(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != name.n)
		return "names of channels have lower case letters, digits, - and _, at most 80";
	return NULL;
}

static struct str without_hash(struct str name)
{
	while (name.n && name.p[0] == '#')
		name = str_n(name.p + 1, name.n - 1);
	return name;
}

/* How its messages look and behave is ours to say; how Slack is reached is of no interest here. */
static void look_at_slack(struct importer *im, const struct json *one, const struct json *at)
{
	static const struct str technical =
		S(" channel api_url api_url_file http_config username icon_emoji icon_url ");
	struct str words = S("");
	const struct json *said = json_get(one, "send_resolved");

	for (const struct json *v = one->child; v; v = v->next)
		if (!has(technical, v->key) && !str_is(v->key, "send_resolved"))
			words = arena_printf(im->arena, STR_FMT "%s" STR_FMT, STR_ARG(words), words.n ? ", " : "",
					     STR_ARG(shown(im, v->key)));
	if (words.n)
		lose(im, one->line, at,
		     arena_printf(im->arena,
				  "slack_configs: " STR_FMT ": opsroom words and colours its messages itself",
				  STR_ARG(words)));
	if (said && (said->type == JSON_TRUE || str_is(said->text, "yes")))
		remark(im, said->line, false,
		       S("slack_configs: send_resolved: no second message comes, the first one turns green"));
}

static struct str channel_of(struct importer *im, const struct json *one, const struct json *at)
{
	struct str name = without_hash(json_get_str(one, "channel"));
	const char *fault = channel_fault(name);

	if (!fault)
		return name;
	lose(im, one->line, at,
	     arena_printf(im->arena, "slack_configs: channel \"" STR_FMT "\": %s; here it is #" STR_FMT,
			  STR_ARG(shown(im, json_get_str(one, "channel"))), fault, STR_ARG(shown(im, im->channel))));
	return im->channel;
}

static bool check_slack(struct importer *im, const struct json *list)
{
	static const struct str keys = S("send_resolved http_config api_url api_url_file channel username color title "
					 "title_link pretext text fields short_fields footer fallback "
					 "callback_id icon_emoji icon_url image_url thumb_url link_names mrkdwn_in "
					 "actions app_token app_token_file app_url update_message timeout "
					 "message_text");

	if (list->type != JSON_ARRAY)
		return list->type == JSON_NULL || wrong(im, list, S("`slack_configs` is a list"));
	for (const struct json *v = list->child; v; v = v->next)
		if (!known_keys(im, v, keys))
			return false;
	return true;
}

static bool take_slack(struct importer *im, const struct json *list, const struct json *at, struct str *channel)
{
	if (!check_slack(im, list) || !list->child)
		return im->err->code == ERR_NONE;
	*channel = channel_of(im, list->child, at);
	look_at_slack(im, list->child, at);
	for (const struct json *v = list->child->next; v; v = v->next)
		lose(im, v->line, at,
		     arena_printf(im->arena,
				  "slack_configs: a second channel, \"" STR_FMT
				  "\": a receiver of opsroom has one; a route with `continue: true` can name another "
				  "receiver",
				  STR_ARG(shown(im, json_get_str(v, "channel")))));
	return true;
}

static void lose_list(struct importer *im, const struct json *list, const struct json *at, const char *why)
{
	if (list->count)
		lose(im, list->line, at,
		     arena_printf(im->arena, STR_FMT " of receiver " STR_FMT ": %s", STR_ARG(list->key),
				  STR_ARG(shown(im, json_get_str(at, "name"))), why));
}

static bool take_lists(struct importer *im, const struct json *receiver, const struct json *made, struct str *channel)
{
	for (const struct json *v = receiver->child; v; v = v->next) {
		const char *why = why_not(v->key);

		if (str_is(v->key, "name") || str_is(v->key, "labels"))
			continue;
		if (str_is(v->key, "slack_configs")) {
			if (!take_slack(im, v, made, channel))
				return false;
		} else if (!why) {
			return wrong(
				im, v,
				arena_printf(im->arena, "field " STR_FMT " not found", STR_ARG(shown(im, v->key))));
		} else if (v->type != JSON_ARRAY && v->type != JSON_NULL) {
			return wrong(im, v, arena_printf(im->arena, "`" STR_FMT "` is a list", STR_ARG(v->key)));
		} else {
			lose_list(im, v, made, why);
		}
	}
	return true;
}

static bool take_receiver(struct importer *im, const struct json *v, struct json *list)
{
	struct json *made = node_new(im, JSON_OBJECT, v->line, S(""), S(""));
	struct str name = text_of(json_get(v, "name")), channel = S(""), ours = receiver_name(im, name);

	if (v->type != JSON_OBJECT)
		return wrong(im, v, S("a mapping is wanted here"));
	if (!name.n)
		return wrong(im, v, S("missing name in receiver"));
	append(list, made);
	append(made, node_new(im, JSON_STR, v->line, S("name"), ours));
	if (!str_eq(ours, name))
		remark(im, v->line, false,
		       arena_printf(im->arena,
				    "receiver " STR_FMT " is called " STR_FMT " here: opsroom has one of that name",
				    STR_ARG(shown(im, name)), STR_ARG(shown(im, ours))));
	if (!take_lists(im, v, made, &channel))
		return false;
	if (!channel.n) {
		channel = im->channel;
		comment(im, made,
			arena_printf(im->arena,
				     is_silent(v) ? "it tells nobody: its routes are muted by " ALWAYS
						  : "no channel of Slack is said: #" STR_FMT " is a guess",
				     STR_ARG(channel)));
		if (!is_silent(v))
			remark(im, v->line, true,
			       arena_printf(im->arena,
					    "receiver " STR_FMT " has no channel of Slack; here it is #" STR_FMT,
					    STR_ARG(shown(im, name)), STR_ARG(shown(im, channel))));
	}
	append(made,
	       node_new(im, JSON_STR, v->line, S("channel"), arena_printf(im->arena, "#" STR_FMT, STR_ARG(channel))));
	return true;
}

static struct json *take_receivers(struct importer *im, const struct json *list)
{
	struct json *made = node_new(im, JSON_ARRAY, list->line, list->key, S(""));

	if (list->type != JSON_ARRAY && list->type != JSON_NULL)
		return wrong(im, list, S("`receivers` is a list")) ? made : NULL;
	for (const struct json *v = list->child; v; v = v->next)
		if (!take_receiver(im, v, made))
			return NULL;
	return made;
}

/* ---- routes ---- */

static void drop(struct json *object, const char *key)
{
	for (struct json **at = &object->child; *at; at = &(*at)->next)
		if (str_is((*at)->key, key)) {
			*at = (*at)->next;
			object->count--;
			return;
		}
}

/* Its receiver, or that of those above it. */
static struct str rename_receiver(struct importer *im, struct json *route, struct str inherited)
{
	struct json *v = json_get(route, "receiver");
	struct str name = text_of(v);

	if (!name.n)
		return inherited;
	v->type = JSON_STR;
	v->text = receiver_name(im, name);
	return name;
}

/* Alerts that Alertmanager throws away: here they are listed, and an interval that always holds keeps them from every channel. */
static void make_silent(struct importer *im, struct json *route)
{
	struct json *list = json_get(route, "mute_time_intervals");

	if (!json_is(list, JSON_ARRAY)) {
		if (list && list->type != JSON_NULL)
			return; /* the check of the whole says what is wrong with it */
		drop(route, "mute_time_intervals");
		append(route, list = node_new(im, JSON_ARRAY, route->line, S("mute_time_intervals"), S("")));
	}
	append(list, node_new(im, JSON_STR, route->line, S(""), S(ALWAYS)));
	im->uses_always = true;
}

static bool take_children(struct importer *im, struct json *route, struct str receiver)
{
	const struct json *list = json_get(route, "routes");

	for (struct json *c = json_is(list, JSON_ARRAY) ? list->child : NULL; c; c = c->next) {
		const struct json *by = json_get(c, "group_by");
		struct str own;

		if (c->type != JSON_OBJECT)
			return wrong(im, c, S("a mapping is wanted here"));
		if (++im->routes >= ROUTES_MAX)
			return wrong(im, c, S("too many routes"));
		if (by && !by->count &&
		    by->type >= JSON_ARRAY) /* Alertmanager takes an empty list below the root for none */
			drop(c, "group_by");
		own = rename_receiver(im, c, receiver);
		if (is_silent_name(im, own))
			make_silent(im, c);
		if (!take_children(im, c, own))
			return false;
	}
	return true;
}

/* What Alertmanager assumes where the root says nothing. */
static void write_out(struct importer *im, struct json *root)
{
	static const struct {
		const char *key, *value;
	} assumed[] = {{"group_wait", "30s"}, {"group_interval", "5m"}, {"repeat_interval", "4h"}};
	struct json *routes = json_get(root, "routes");

	if (routes) /* the long part last */
		drop(root, "routes");
	for (size_t i = 0; i < COUNT_OF(assumed); i++) {
		const struct json *v = json_get(root, assumed[i].key);

		if (v && v->type != JSON_NULL)
			continue;
		drop(root, assumed[i].key);
		append(root, node_new(im, JSON_STR, root->line, str_of(assumed[i].key), str_of(assumed[i].value)));
	}
	if (!json_get(root, "group_by") || json_get(root, "group_by")->type == JSON_NULL) {
		drop(root, "group_by");
		append(root, node_new(im, JSON_ARRAY, root->line, S("group_by"), S("")));
	}
	if (routes) {
		routes->next = NULL;
		append(root, routes);
	}
}

static bool take_route(struct importer *im, struct json *root)
{
	struct str receiver;

	if (root->type != JSON_OBJECT)
		return wrong(im, root, S("a mapping is wanted here"));
	receiver = rename_receiver(im, root, S(""));
	if (!receiver.n)
		return wrong(im, root, S("root route must specify a default receiver"));
	if (is_silent_name(im, receiver))
		lose(im, root->line, root,
		     arena_printf(im->arena,
				  "receiver " STR_FMT " tells nobody, and the root route cannot be kept quiet: what no "
						      "other route takes goes to #" STR_FMT,
				  STR_ARG(shown(im, receiver)), STR_ARG(shown(im, im->channel))));
	if (!take_children(im, root, receiver))
		return false;
	write_out(im, root);
	return true;
}

/* ---- the rest of the file ---- */

static bool look_at_global(struct importer *im, const struct json *global)
{
	static const struct str secrets =
		S("slack_api_url slack_api_url_file slack_app_token slack_app_token_file slack_app_url");
	struct str others = S("");
	span_ms resolve = 5 * MINUTE;

	if (global->type == JSON_NULL)
		return true;
	if (global->type != JSON_OBJECT)
		return wrong(im, global, S("`global` is a mapping"));
	for (const struct json *v = global->child; v; v = v->next) {
		if (str_is(v->key, "resolve_timeout")) {
			if (!span_parse(text_of(v), &resolve))
				return wrong(im, v,
					     arena_printf(im->arena, "not a valid duration string: \"" STR_FMT "\"",
							  STR_ARG(shown(im, text_of(v)))));
			if (resolve != 5 * MINUTE)
				lose(im, v->line, NULL,
				     S("global: resolve_timeout: opsroom has 5m for alerts without an end"));
		} else if (!has(secrets, v->key)) {
			others = arena_printf(im->arena, STR_FMT "%s" STR_FMT, STR_ARG(others), others.n ? ", " : "",
					      STR_ARG(shown(im, v->key)));
		}
	}
	if (others.n)
		remark(im, global->line, false,
		       arena_printf(im->arena, "global: not needed here: " STR_FMT, STR_ARG(str_clip(others, 300))));
	return true;
}

static bool look_at_templates(struct importer *im, const struct json *list)
{
	if (list->count)
		lose(im, list->line, NULL, S("templates: Go's are not read; opsroom has templates of its own"));
	return true;
}

/* Without a list an interval never holds; that is to be said. */
static void complete_intervals(struct importer *im, struct json *list)
{
	for (struct json *v = json_is(list, JSON_ARRAY) ? list->child : NULL; v; v = v->next)
		if (v->type == JSON_OBJECT && !json_get(v, "time_intervals"))
			append(v, node_new(im, JSON_ARRAY, v->line, S("time_intervals"), S("")));
}

/* The tree of our file, from that of theirs. */
static bool take(struct importer *im, const struct json *theirs, struct json *ours)
{
	for (const struct json *v = theirs->child; v; v = v->next) {
		struct json *made;

		if (str_is(v->key, "global")      ? !look_at_global(im, v)
		    : str_is(v->key, "templates") ? !look_at_templates(im, v)
						  : false)
			return false;
		if (str_is(v->key, "global") || str_is(v->key, "templates") || v->type == JSON_NULL)
			continue;
		made = str_is(v->key, "receivers") ? take_receivers(im, v) : copy(im, v);
		if (!made || (str_is(v->key, "route") && !take_route(im, made)))
			return false;
		if (str_ends(v->key, S("time_intervals")))
			complete_intervals(im, made);
		append(ours, made);
	}
	return true;
}

static void add_always(struct importer *im, struct json *ours)
{
	struct json *list = json_get(ours, "time_intervals"), *one = node_new(im, JSON_OBJECT, 0, S(""), S("")),
		    *always = node_new(im, JSON_ARRAY, 0, S("time_intervals"), S(""));
	struct json *entry = node_new(im, JSON_OBJECT, 0, S(""), S("")),
		    *times = node_new(im, JSON_ARRAY, 0, S("times"), S("")),
		    *day = node_new(im, JSON_OBJECT, 0, S(""), S(""));

	if (!list)
		append(ours, list = node_new(im, JSON_ARRAY, 0, S("time_intervals"), S("")));
	append(day, node_new(im, JSON_STR, 0, S("start_time"), S("00:00")));
	append(day, node_new(im, JSON_STR, 0, S("end_time"), S("24:00")));
	append(times, day);
	append(entry, times);
	append(always, entry);
	append(one, node_new(im, JSON_STR, 0, S("name"), S(ALWAYS)));
	append(one, always);
	append(list, one);
	comment(im, one, S("it always holds: a route that it mutes tells nobody"));
}

/* ---- writing ---- */

static void put_indent(struct buf *b, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		buf_add(b, S("  "));
}

static void put_comments(const struct importer *im, struct buf *b, const struct json *at, unsigned depth)
{
	for (const struct comment *c = im->comments; c; c = c->next)
		if (c->at == at) {
			put_indent(b, depth);
			buf_printf(b, "# opsroom: " STR_FMT "\n", STR_ARG(c->text));
		}
}

/* Words and numbers of YAML as they stood; lengths of time are bare too. */
static void put_scalar(struct buf *b, const struct json *v)
{
	span_ms ignored;

	if (v->type != JSON_STR || span_parse(v->text, &ignored))
		buf_add(b, v->text);
	else
		yaml_put_str(b, v->text);
}

static bool is_flat(const struct json *list)
{
	for (const struct json *v = list->child; v; v = v->next)
		if (v->type >= JSON_ARRAY)
			return false;
	return true;
}

static void put_members(const struct importer *im, struct buf *b, const struct json *object, unsigned depth,
			bool first_inline);

static void put_items(const struct importer *im, struct buf *b, const struct json *list, unsigned depth)
{
	for (const struct json *v = list->child; v; v = v->next) {
		put_comments(im, b, v, depth);
		put_indent(b, depth);
		buf_add(b, S("- "));
		if (v->type == JSON_OBJECT && v->child) {
			put_members(im, b, v, depth + 1, true);
			continue;
		}
		if (v->type >= JSON_ARRAY) {
			struct json_out o = json_out(b);

			json_put(&o, v);
		} else {
			put_scalar(b, v);
		}
		buf_char(b, '\n');
	}
}

/* What stands behind "key:". */
static void put_value(const struct importer *im, struct buf *b, const struct json *v, unsigned depth)
{
	if (v->type < JSON_ARRAY) {
		buf_char(b, ' ');
		put_scalar(b, v);
		buf_char(b, '\n');
	} else if (v->type == JSON_ARRAY && is_flat(v)) {
		buf_add(b, S(" ["));
		for (const struct json *one = v->child; one; one = one->next) {
			put_scalar(b, one);
			buf_add(b, one->next ? S(", ") : S(""));
		}
		buf_add(b, S("]\n"));
	} else if (v->type == JSON_ARRAY) {
		buf_char(b, '\n');
		put_items(im, b, v, depth + 1);
	} else if (!v->child) {
		buf_add(b, S(" {}\n"));
	} else {
		buf_char(b, '\n');
		put_members(im, b, v, depth + 1, false);
	}
}

static void put_members(const struct importer *im, struct buf *b, const struct json *object, unsigned depth,
			bool first_inline)
{
	for (const struct json *v = object->child; v; v = v->next) {
		if (!first_inline) {
			put_comments(im, b, v, depth);
			put_indent(b, depth);
		}
		first_inline = false;
		yaml_put_str(b, v->key);
		buf_char(b, ':');
		put_value(im, b, v, depth);
	}
}

static bool write_file(struct importer *im, const struct json *ours, struct import *out)
{
	struct buf b;
	bool fits;

	buf_init(&b, 1 * MIB); /* file_read()'s limit */
	buf_printf(&b, "# From " STR_FMT ", by opsroom import alertmanager.\n", STR_ARG(shown(im, str_of(im->file))));
	put_members(im, &b, ours, 0, false);
	fits = !b.failed;
	out->yaml = buf_keep(im->arena, &b);
	if (!fits)
		err_set(im->err, ERR_TOO_BIG, "%s: as an alerting file it has more than a megabyte", im->file);
	return fits;
}

bool import_alertmanager(struct arena *a, struct str text, const char *file, struct str channel, struct import *out,
			 struct err *err)
{
	static const struct str keys =
		S("global templates route inhibit_rules receivers time_intervals mute_time_intervals");
	struct importer im = {.arena = a, .file = file, .channel = without_hash(channel), .err = err};
	struct json *ours = node_new(&im, JSON_OBJECT, 1, S(""), S(""));
	const struct json *read = yaml_parse(a, text, file, err), *theirs = read ? copy(&im, read) : NULL;
	struct routing *r;

	*out = (struct import){0};
	if (!theirs || !known_keys(&im, theirs, keys))
		return false;
	if (channel_fault(im.channel)) {
		err_set(err, ERR_INVALID, "there can be no channel " STR_FMT ": %s", STR_ARG(shown(&im, channel)),
			channel_fault(im.channel));
		return false;
	}
	if (!json_get(theirs, "route") || json_get(theirs, "route")->type == JSON_NULL) {
		err_set(err, ERR_INVALID, "%s: no route provided in config", file);
		return false;
	}
	im.silent = json_get(theirs, "receivers");
	if (!take(&im, theirs, ours))
		return false;
	if (im.uses_always)
		add_always(&im, ours);
	r = routing_of_tree(ours, file, err); /* the same checks, with the lines of the original */
	routing_free(r);
	if (!r || !write_file(&im, ours, out))
		return false;
	out->remarks = im.remarks;
	out->losses = im.losses;
	return true;
}
