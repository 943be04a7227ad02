/* A team's own words for a group: a jq program of the alerting file. */
#include "engine/alerts_internal.h"
#include "ops/text.h"
#include "store/chat.h"

#include <inttypes.h>

#define ALERTS_GIVEN 20

struct labels group_route_labels(struct work *w, struct group *g)
{
	struct alert_texts t;
	struct source s = {0};
	struct err ignored = {0};

	group_sum_up(g);
	group_lead(w->arena, g, &t);
	if (g->row.source_id && !store_source_find(w->engine->db, w->arena, w->engine->workspace_id, g->row.source_id, &s, &ignored))
		s = (struct source){0};
	return routing_labels(w->arena, &t.labels, s.name, s.tool);
}

const struct service *group_service(struct work *w, struct group *g)
{
	struct labels labels;

	if (!w->engine->routing->services)
		return NULL;
	labels = group_route_labels(w, g);
	return routing_service(w->engine->routing, &labels);
}

/* ---- what a program is given: texts of others are escaped, so that what it writes is mrkdwn ---- */

static void put_escaped(struct work *w, struct json_out *o, const char *key, struct str text)
{
	json_add_str(o, key, mrkdwn_escape(w->arena, text));
}

static void put_labels(struct work *w, struct json_out *o, const char *key, const struct labels *l)
{
	json_key(o, key);
	json_open(o, '{');
	for (size_t i = 0; i < l->count; i++) {
		json_key_str(o, mrkdwn_escape(w->arena, l->items[i].name));
		json_put_str(o, mrkdwn_escape(w->arena, l->items[i].value));
	}
	json_close(o, '}');
}

static void put_alert(struct work *w, struct json_out *o, const struct alert *a)
{
	struct alert_texts t;

	alert_view(w->arena, a, &t);
	json_open(o, '{');
	json_add_str(o, "status", a->firing ? S("firing") : S("resolved"));
	put_labels(w, o, "labels", &t.labels);
	put_labels(w, o, "annotations", &t.annotations);
	put_escaped(w, o, "url", t.url);
	json_add_wall(o, "starts_at", a->starts_at);
	json_close(o, '}');
}

static struct str given(struct work *w, struct group *g)
{
	const struct labels *common = group_sum_up(g);
	const struct service *service = group_service(w, g);
	struct alert_texts t;
	struct json_out o;
	struct buf b;
	size_t shown = 0;

	buf_init(&b, 1 * MIB);
	o = json_out(&b);
	group_lead(w->arena, g, &t);
	json_open(&o, '{');
	put_escaped(w, &o, "title", group_title(w->arena, g, common));
	json_add_str(&o, "state", str_of(group_state_name(g->row.state)));
	json_add_str(&o, "severity", str_of(severity_name(g->row.severity)));
	json_add_str(&o, "id", g->row.short_id);
	json_add_int(&o, "firing", g->firing);
	json_add_int(&o, "resolved", (int64_t)g->count - g->firing);
	put_escaped(w, &o, "source", source_name(w, g->row.source_id));
	put_escaped(w, &o, "service", service ? service->name : S(""));
	put_labels(w, &o, "labels", common);
	put_labels(w, &o, "annotations", &t.annotations);
	put_escaped(w, &o, "url", t.url);
	json_key(&o, "alerts");
	json_open(&o, '[');
	for (size_t i = g->count; i-- > 0 && shown < ALERTS_GIVEN;)
		if (counts_for_common(g, g->alerts[i])) {
			put_alert(w, &o, g->alerts[i]);
			shown++;
		}
	json_close(&o, ']');
	json_close(&o, '}');
	return buf_keep(w->arena, &b);
}

/* ---- its answer ---- */

static bool take(struct arena *a, const struct json *answer, struct str *title, struct str *text, struct err *err)
{
	struct str said = answer ? answer->type == JSON_STR ? answer->text : json_get_str(answer, "text") : S("");
	struct str head = answer && answer->type == JSON_OBJECT ? json_get_str(answer, "title") : S("");

	if (!said.n && !head.n) {
		err_set(err, ERR_INVALID, "it answered neither a text nor {title, text}");
		return false;
	}
	*title = arena_dup(a, str_clip(str_trim(head), 250));
	*text = arena_dup(a, str_clip(str_trim(said), 2600));
	return true;
}

bool template_words(struct work *w, struct arena *a, struct group *g, struct str *title, struct str *text, struct str *why)
{
	struct message_template *t = w->engine->routing->templates;
	struct labels labels;
	struct json *answer = NULL, *input;
	struct err err = {0};

	if (!t)
		return false;
	labels = group_route_labels(w, g);
	while (t && !matchers_fit(&t->matchers, &labels))
		t = t->next;
	if (!t)
		return false;
	input = json_parse(w->arena, given(w, g), JSON_STRICT, &err);
	if (input && template_run(t, w->arena, input, &answer, &err) && take(a, answer, title, text, &err))
		return true;
	*why = arena_printf(a, "line %u: %s", t->line, err.text);
	return false;
}
