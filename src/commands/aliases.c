#include "commands/aliases.h"

#include "commands/rows.h"
#include "commands/rulebook.h"

#define NAME_MAX_BYTES 40

const char *alias_whose(enum alias_scope scope)
{
	return scope == ALIAS_USER ? "yours" : scope == ALIAS_CHANNEL ? "this channel's" : "everybody's";
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(i && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '_')))
			return false;
	return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

/* The first word of a command, a plugin's name, or what stands between pipes. */
static bool is_taken(const struct command_set *set, struct str name, struct str *by)
{
	for (size_t i = 0; i < command_set_count(set); i++) {
		const struct command_spec *s = command_set_at(set, i);
		struct str first;

		(void)str_cut(s->words, ' ', &first);
		*by = s->words;
		if (str_eq_nocase(first, name) || str_eq_nocase(s->plugin, name))
			return true;
	}
	*by = name;
	return rows_is_filter(name);
}

/* Each step must be something that there is, the first a command. */
static bool check_line(struct work *w, struct str text, struct err *err)
{
	struct command_found found;
	struct pipeline pipe;
	struct line line;

	if (!line_read(w->arena, text, LINE_CANONICAL, &line, err) || !line_split(&line, &pipe, err))
		return false;
	for (size_t i = 0; i < pipe.count; i++) {
		struct str first = pipe.stages[i].tokens[0].text;

		command_set_find(w->engine->rulebook->commands, pipe.stages[i].tokens, pipe.stages[i].count, &found);
		if (found.spec || found.other_count || (i && rows_is_filter(first)))
			continue;
		err_set(err, ERR_INVALID, "an alias stands for a command, and `" STR_FMT "` is none", STR_ARG(str_clip(first, 60)));
		return false;
	}
	if (!pipe.count)
		err_set(err, ERR_INVALID, "say what it stands for: `alias crit \"alerts | where severity == critical\"`");
	return pipe.count > 0;
}

bool alias_check(struct work *w, struct str *name, struct str line, struct err *err)
{
	struct str by;

	*name = arena_lower(w->arena, *name);
	if (!is_name(*name))
		err_set(err, ERR_INVALID, "`" STR_FMT "` is no name for an alias: letters, digits, - and _, a letter first, at most %d", STR_ARG(str_clip(*name, 60)), NAME_MAX_BYTES);
	else if (is_taken(w->engine->rulebook->commands, *name, &by))
		err_set(err, ERR_CONFLICT, "`" STR_FMT "` is taken by `" STR_FMT "`: an alias may not hide it", STR_ARG(*name), STR_ARG(by));
	else if (line.n > ALIAS_LINE_MAX)
		err_set(err, ERR_TOO_BIG, "an alias stands for at most %d bytes", ALIAS_LINE_MAX);
	return !err->code && check_line(w, line, err);
}

bool alias_find(struct work *w, const struct caller *caller, struct str word, struct alias *out, struct err *err)
{
	struct str name = arena_lower(w->arena, str_clip(word, NAME_MAX_BYTES + 1));

	return is_name(name) && store_alias_find(w->engine->db, w->arena, w->engine->workspace_id, name, caller->user->id, caller->channel_id, out, err);
}

void alias_list(struct work *w, const struct caller *caller, struct alias **out, size_t *count)
{
	struct err ignored = {0};
	size_t all, n = 0;

	*count = 0;
	if (!store_alias_list(w->engine->db, w->arena, w->engine->workspace_id, caller->user->id, caller->channel_id, out, &all, &ignored))
		return;
	for (size_t i = 0; i < all; i++) /* those of a name stand together, the nearest first */
		if (!n || !str_eq((*out)[n - 1].name, (*out)[i].name))
			(*out)[n++] = (*out)[i];
	*count = n;
}
