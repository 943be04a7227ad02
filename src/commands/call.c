/* Who asks and what they gave: between the grammar's values and the store's people and channels. */
#include "commands/path.h"

#include "commands/rulebook.h"
#include "engine/messages.h"
#include "ops/text.h"
#include "store/chat.h"

#include <inttypes.h>

/* ---- values ---- */

bool call_given(const struct call *call, const char *name)
{
	return call_param(&call->typed, name, NULL) != NULL;
}

struct str call_text(const struct call *call, const char *name)
{
	const struct bound_param *p = call_param(&call->typed, name, NULL);

	return p ? p->values[0].text : S("");
}

int64_t call_number(const struct call *call, const char *name, int64_t otherwise)
{
	const struct bound_param *p = call_param(&call->typed, name, NULL);

	return p ? p->values[0].number : otherwise;
}

size_t call_texts(const struct call *call, const char *name, struct str **out)
{
	const struct bound_param *p = call_param(&call->typed, name, NULL);
	size_t n = p ? p->count : 0;

	*out = arena_alloc(call->work->arena, (n + 1) * sizeof **out);
	for (size_t i = 0; i < n; i++)
		(*out)[i] = p->values[i].text;
	return n;
}

struct str call_who(const struct call *call)
{
	return mrkdwn_user(call->work->arena, call->caller->user->id);
}

/* ---- the line ---- */

static void put_flag(struct buf *b, const char *name, struct str v)
{
	if (!v.n)
		return;
	buf_printf(b, " --%s=", name);
	line_write_value(b, v);
}

struct str call_line(const struct call *call, int with)
{
	const struct command_spec *spec = call->typed.spec;
	const struct call_flags *f = &call->typed.flags;
	struct str canonical = call->typed.canonical;
	size_t name = spec->plugin.n + 1 + spec->path.n;
	char text[WALL_TEXT_SIZE];
	struct buf b;

	buf_init(&b, 64 * KIB);
	buf_add(&b, str_n(canonical.p, name));
	if (with & LINE_WITH_TIMES && f->at)
		put_flag(&b, "at", wall_write(text, f->at));
	if (with & LINE_WITH_TIMES && f->every)
		buf_printf(&b, " --every=%" PRId64 "ms", f->every);
	if (with & LINE_WITH_REASON)
		put_flag(&b, "reason", f->reason);
	put_flag(&b, "incident", f->incident);
	if (f->timeout)
		buf_printf(&b, " --timeout=%" PRId64 "ms", f->timeout);
	buf_add(&b, str_n(canonical.p + name, canonical.n - name));
	return buf_keep(call->work->arena, &b);
}

/* ---- names ---- */

struct finder {
	struct work *work;
	const struct caller *caller;
};

static struct str bare(struct str ref, char mark)
{
	if (ref.n > 2 && ref.p[0] == '<' && ref.p[1] == mark && ref.p[ref.n - 1] == '>')
		return str_n(ref.p + 2, ref.n - 3);
	return ref.n > 1 && ref.p[0] == mark ? str_n(ref.p + 1, ref.n - 1) : ref;
}

static bool find_user(void *context, struct str ref, struct value *out, struct err *err)
{
	struct finder *f = context;
	struct engine *e = f->work->engine;
	struct str name = bare(ref, '@');
	struct user u;
	int64_t id;

	if (str_is(name, "me")) {
		out->text = f->caller->user->name;
		out->number = f->caller->user->id;
		return true;
	}
	if (((id_parse(name, "UW", &id) || store_name_find(e->db, e->workspace_id, "user", arena_lower(f->work->arena, name), &id, err)) && !err->code) &&
	    store_user_find(e->db, f->work->arena, e->workspace_id, id, &u, err)) {
		out->text = u.name;
		out->number = u.id;
		return true;
	}
	if (!err->code)
		err_set(err, ERR_NOT_FOUND, "there is nobody called `" STR_FMT "`", STR_ARG(str_clip(name, 60)));
	return false;
}

static bool find_channel(void *context, struct str ref, struct value *out, struct err *err)
{
	struct finder *f = context;
	struct err why = {0};
	struct channel c;

	if (!chat_channel(f->work, f->caller->user->id, bare(ref, '#'), &c, &why) || c.kind == CHANNEL_DM) {
		err_set(err, ERR_NOT_FOUND, "there is no channel `#" STR_FMT "` that you may see", STR_ARG(str_clip(bare(ref, '#'), 60)));
		return false;
	}
	out->text = c.name;
	out->number = c.id;
	return true;
}

struct bind_names caller_names(struct work *w, const struct caller *caller)
{
	struct finder *f = arena_alloc(w->arena, sizeof *f);

	*f = (struct finder){w, caller};
	return (struct bind_names){.user = find_user, .channel = find_channel, .context = f, .now = w->now};
}

/* ---- facts ---- */

void caller_facts(struct work *w, const struct caller *caller, struct access_facts *out)
{
	struct err ignored = {0};
	struct channel c;

	*out = (struct access_facts){.user_id = caller->user->id, .user = caller->user->name, .role = caller->user->role, .now = w->now, .mfa_at = caller->mfa_at};
	if (caller->channel_id && store_channel_find(w->engine->db, w->arena, caller->channel_id, &c, &ignored)) {
		out->dm = c.kind == CHANNEL_DM;
		out->channel = out->dm ? S("") : c.name;
	}
}

bool caller_has_role(struct work *w, const struct caller *caller, struct str role)
{
	struct access_facts facts;

	caller_facts(w, caller, &facts);
	return access_has_role(w->engine->rulebook->access, role, &facts);
}
