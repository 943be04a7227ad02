#include "commands/aliases.h"
#include "commands/cmd.h"
#include "commands/path.h"
#include "commands/rulebook.h"
#include "ops/text.h"

#define LINES_MAX 20 /* more than that is for who asked alone */

static void put_params(struct buf *b, struct arena *a, const struct command_spec *spec)
{
	for (size_t i = 0; i < spec->param_count; i++) {
		const struct param *p = &spec->params[i];

		if (p->help.n)
			buf_printf(b, "\n• `%s" STR_FMT "` " STR_FMT, p->option ? "--" : "", STR_ARG(p->name), STR_ARG(mrkdwn_escape(a, p->help)));
	}
}

struct str command_help(struct work *w, const struct caller *caller, const struct command_spec *spec)
{
	struct arena *a = w->arena;
	const struct command *ours = str_is(spec->plugin, "core") ? spec->runs : NULL;
	struct buf b;

	buf_init(&b, 32 * KIB);
	buf_printf(&b, "`/srebot " STR_FMT "%s" STR_FMT "`\n" STR_FMT, STR_ARG(spec->words), spec->usage.n ? " " : "", STR_ARG(mrkdwn_escape(a, spec->usage)),
		   STR_ARG(mrkdwn_escape(a, spec->summary)));
	put_params(&b, a, spec);
	for (size_t i = 0; i < spec->example_count; i++)
		buf_printf(&b, "\nExample: `" STR_FMT "`", STR_ARG(mrkdwn_escape(a, spec->examples[i])));
	if (ours)
		buf_printf(&b, "\nNeeds the role %s.", role_name(ours->needs));
	else
		buf_printf(&b, "\nOf the plugin " STR_FMT ".", STR_ARG(spec->plugin));
	if (!caller_could(w, caller, spec))
		buf_add(&b, S(" You may not run it here."));
	return buf_keep(a, &b);
}

static bool fits(const struct command_spec *spec, struct str word)
{
	return str_find(spec->words, word, NULL) || str_find(spec->summary, word, NULL);
}

/* Those of one plugin, or with a word in them, or all. Answers how many. */
static size_t list(struct call *call, struct str plugin, struct str word)
{
	struct arena *a = call->work->arena;
	const struct command_set *set = call->work->engine->rulebook->commands;
	bool all = call_given(call, "all");
	size_t n = 0;

	for (size_t i = 0; i < command_set_count(set); i++) {
		const struct command_spec *s = command_set_at(set, i);
		bool could;

		if ((plugin.n && !str_eq(s->plugin, plugin)) || (word.n && !fits(s, word)))
			continue;
		could = caller_could(call->work, call->caller, s);
		if (!could && !all)
			continue;
		buf_printf(&call->text, "\n`/srebot " STR_FMT "%s" STR_FMT "`  " STR_FMT "%s", STR_ARG(s->words), s->usage.n ? " " : "", STR_ARG(mrkdwn_escape(a, s->usage)),
			   STR_ARG(mrkdwn_escape(a, s->summary)), could ? "" : " _(you may not)_");
		n++;
	}
	call->privately = n > LINES_MAX;
	return n;
}

static bool nothing(struct call *call, struct str what)
{
	buf_reset(&call->text);
	command_unknown(call->work, call->caller, &what, 1, &call->err);
	return false;
}

static void list_aliases(struct call *call)
{
	struct alias *all;
	size_t count;

	alias_list(call->work, call->caller, &all, &count);
	for (size_t i = 0; i < count; i++)
		buf_printf(&call->text, "%s`" STR_FMT "` for `" STR_FMT "`", i ? ", " : "\n*Aliases*: ", STR_ARG(all[i].name), STR_ARG(mrkdwn_escape(call->work->arena, str_clip(all[i].line, 100))));
}

/* An alias, and the help of what it stands for. */
static bool help_alias(struct call *call, struct str what)
{
	struct err ignored = {0};
	struct alias a;

	if (!alias_find(call->work, call->caller, what, &a, &ignored))
		return false;
	buf_printf(&call->text, "`" STR_FMT "` is an alias (%s) for `" STR_FMT "`", STR_ARG(a.name), alias_whose(a.scope), STR_ARG(mrkdwn_escape(call->work->arena, a.line)));
	return true;
}

bool cmd_help(struct call *call)
{
	struct str what = call_text(call, "what"), word;
	const struct command_spec *spec = what.n ? command_set_named(call->work->engine->rulebook->commands, what) : NULL;

	if (spec) {
		buf_add(&call->text, command_help(call->work, call->caller, spec));
		return true;
	}
	if (str_starts(what, S("search "))) {
		word = str_trim(str_n(what.p + 7, what.n - 7));
		buf_printf(&call->text, "*Commands with* `" STR_FMT "`:", STR_ARG(mrkdwn_escape(call->work->arena, word)));
		if (!list(call, S(""), word))
			buf_add(&call->text, S(" none."));
		return true;
	}
	if (what.n && help_alias(call, what))
		return true;
	if (what.n) {
		buf_printf(&call->text, "*Commands of* " STR_FMT ":", STR_ARG(mrkdwn_escape(call->work->arena, what)));
		return list(call, what, S("")) > 0 || nothing(call, what);
	}
	buf_add(&call->text, S("*What you may do here* (also as `@srebot …`, by the buttons, and with `opsroom run …`):"));
	list(call, S(""), S(""));
	list_aliases(call);
	return true;
}
