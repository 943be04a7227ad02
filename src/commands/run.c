/* One line: reading it, its pipe, its answer. */
#include "commands/held.h"
#include "commands/plans.h"
#include "commands/aliases.h"
#include "commands/plugin_go.h"
#include "commands/rulebook.h"

#include "commands/rows.h"
#include "commands/mention.h"
#include "engine/alerts.h"
#include "engine/held.h"
#include "engine/messages.h"
#include "ops/plugin_rpc.h"
#include "ops/text.h"

#define TABLE_SHOWN_MAX (200 * KIB) /* of rows, in an answer */
#define BOUND_MAX 100 /* calls that one line may become by $fields */

struct step {
	const struct stage *stage;
	const struct command_spec *spec; /* NULL: a filter of rows */
	size_t words;
	bool fields;                     /* it has a $field: one call for each row */
};

/* A line under way. */
struct run {
	struct work *work;
	const struct caller *caller;
	struct str raw;
	struct line line;
	struct pipeline pipe;
	int64_t dest_ids[DESTS_MAX];     /* the channels of its destinations; 0: here */
	struct step steps[STAGES_MAX];
	struct rows_list rows;           /* between steps */
	bool have_rows;
	struct str shown;                /* by a filter */
	struct call *call;               /* the first, then the one that runs: its answer is the line's */
	int64_t began_us;
	bool behind;                     /* a program's rows came before the first step */
};

/* ---- what is no command ---- */

void command_unknown(struct work *w, const struct caller *caller, const struct str *words, size_t count, struct err *err)
{
	const struct command_set *set = w->engine->rulebook->commands;
	struct str *names, typed = S(""), near = S("");
	struct alias *aliases;
	size_t n = 0, alias_count;

	alias_list(w, caller, &aliases, &alias_count);
	names = arena_alloc(w->arena, (command_set_count(set) + alias_count) * sizeof *names);

	for (size_t i = 0; i < command_set_count(set); i++)
		if (caller_could(w, caller, command_set_at(set, i)))
			names[n++] = command_set_at(set, i)->words;
	for (size_t i = 0; i < alias_count; i++)
		names[n++] = aliases[i].name;
	for (size_t i = 0; i < count && i < PATH_WORDS_MAX && !near.n; i++) {
		typed = i ? arena_printf(w->arena, STR_FMT " " STR_FMT, STR_ARG(typed), STR_ARG(str_clip(words[i], 60))) : str_clip(words[i], 60);
		near = nearest_word(typed, names, n);
	}
	if (near.n)
		err_set(err, ERR_NOT_FOUND, "there is no command `" STR_FMT "`. Did you mean `" STR_FMT "`?", STR_ARG(typed), STR_ARG(near));
	else
		err_set(err, ERR_NOT_FOUND, "there is no command `" STR_FMT "`. `help` lists what there is", STR_ARG(str_clip(words[0], 60)));
}

static void unknown(struct run *r, const struct stage *stage)
{
	struct str words[PATH_WORDS_MAX];
	size_t n = 0;

	for (; n < stage->count && n < PATH_WORDS_MAX; n++)
		words[n] = stage->tokens[n].text;
	command_unknown(r->work, r->caller, words, n, &r->call->err);
}

static void several(struct arena *a, const struct command_found *f, struct err *err)
{
	struct buf b;

	buf_init(&b, 1 * KIB);
	for (size_t i = 0; i < f->other_count; i++)
		buf_printf(&b, "%s`" STR_FMT ":" STR_FMT "`", i ? ", " : "", STR_ARG(f->others[i]->plugin), STR_ARG(f->others[i]->path));
	err_set(err, ERR_INVALID, "several plugins have this command. Say which: " STR_FMT, STR_ARG(buf_keep(a, &b)));
}

/* ---- reading ---- */

static bool is_field(const struct word *t)
{
	return !t->quoted && t->text.n > 1 && t->text.p[0] == '$' && (t->text.p[1] == '_' || (t->text.p[1] >= 'A' && t->text.p[1] <= 'Z') || (t->text.p[1] >= 'a' && t->text.p[1] <= 'z'));
}

static bool find_step(struct run *r, size_t i)
{
	struct step *s = &r->steps[i];
	struct command_found found;

	s->stage = &r->pipe.stages[i];
	if ((i || r->behind) && rows_is_filter(s->stage->tokens[0].text))
		return true;
	command_set_find(r->work->engine->rulebook->commands, s->stage->tokens, s->stage->count, &found);
	if (!found.spec) {
		r->line.fault_at = i ? s->stage->tokens[0].at : SIZE_MAX;
		if (found.other_count)
			several(r->work->arena, &found, &r->call->err);
		else
			unknown(r, s->stage);
		return false;
	}
	s->spec = found.spec;
	s->words = found.words;
	for (size_t k = found.words; (i || r->behind) && k < s->stage->count; k++)
		s->fields |= is_field(&s->stage->tokens[k]);
	if (s->fields && i + 1 < r->pipe.count) { /* said before the first of them has run */
		r->line.fault_at = r->pipe.stages[i + 1].tokens[0].at;
		err_set(&r->call->err, ERR_INVALID, "a command with a $field is the last of its line");
		return false;
	}
	return true;
}

/* Where no command begins the line, its first word may be an alias: what it stands for takes its place, once. */
static bool expand(struct run *r)
{
	const struct stage *first = &r->pipe.stages[0];
	const struct word *last = &first->tokens[first->count - 1];
	struct str text = r->line.text, behind = str_n(text.p + last->end, text.n - last->end), line;
	struct err *err = &r->call->err;
	struct command_found found;
	struct alias a;

	command_set_find(r->work->engine->rulebook->commands, first->tokens, first->count, &found);
	if (found.spec || found.other_count || first->tokens[0].quoted || !alias_find(r->work, r->caller, first->tokens[0].text, &a, err))
		return !err->code;
	r->call->alias = a.name;
	if (!alias_expand(r->work->arena, a.line, first->tokens + 1, first->count - 1, &line, err))
		return false;
	line = arena_printf(r->work->arena, STR_FMT STR_FMT, STR_ARG(line), STR_ARG(behind));
	return line_read(r->work->arena, line, LINE_CANONICAL, &r->line, err) && line_split(&r->line, &r->pipe, err);
}

static bool is_flag(const struct word *t)
{
	struct str name;

	if (t->quoted || t->text.n < 3 || t->text.p[0] != '-' || t->text.p[1] != '-')
		return false;
	str_cut(str_n(t->text.p + 2, t->text.n - 2), '=', &name);
	return spec_is_flag(name);
}

/* Behind the name of an rpc plugin anything may stand that its server understands: where it is no command with its options, its regexes say
 * which call it is. --explain and its like are ours, at the end. */
static bool match(struct run *r)
{
	const struct stage *first = &r->pipe.stages[0];
	const struct plugin *p = first->tokens[0].quoted ? NULL : rulebook_plugin(r->work->engine->rulebook, first->tokens[0].text);
	struct str text = r->line.text, line;
	struct command_found found;
	size_t words = 1;

	if (!p || p->carrier != PLUGIN_RPC || first->count < 2)
		return true;
	command_set_find(r->work->engine->rulebook->commands, first->tokens, first->count, &found);
	if (found.spec && (found.words == first->count || (!first->tokens[found.words].quoted && first->tokens[found.words].text.p[0] == '-')))
		return true;
	while (words < first->count && !is_flag(&first->tokens[words]))
		words++;
	line = words == 1 ? S("") : rpc_match(r->work->arena, p, str_n(text.p + first->tokens[1].at, first->tokens[words - 1].end - first->tokens[1].at));
	if (!line.n)
		return true;
	line = arena_printf(r->work->arena, STR_FMT STR_FMT, STR_ARG(line), STR_ARG(str_n(text.p + first->tokens[words - 1].end, text.n - first->tokens[words - 1].end)));
	return line_read(r->work->arena, line, LINE_CANONICAL, &r->line, &r->call->err) && line_split(&r->line, &r->pipe, &r->call->err);
}

static bool read_line(struct run *r)
{
	struct err *err = &r->call->err;

	if (!line_read(r->work->arena, r->raw, r->caller->kind, &r->line, err))
		return false;
	if (!r->line.count && !line_read(r->work->arena, S("help"), LINE_TYPED, &r->line, err)) /* nothing said: help is what is wanted */
		return false;
	if (!line_split(&r->line, &r->pipe, err))
		return false;
	if (!r->pipe.count) {
		r->line.fault_at = 0;
		err_set(err, ERR_INVALID, "a line begins with a command");
		return false;
	}
	if (!expand(r) || !match(r))
		return false;
	for (size_t i = 0; i < r->pipe.count; i++)
		if (!find_step(r, i))
			return false;
	return true;
}

static bool bind_words(struct run *r, const struct command_spec *spec, const struct word *words, size_t count, struct call *call)
{
	struct bind_names names = caller_names(r->work, r->caller);

	return call_bind(r->work->arena, spec, words, count, &names, &r->line, &call->typed, &call->err);
}

/* In the thread of an alert's message, `ack` means that alert. */
static bool bind_in_thread(struct run *r, const struct step *s, const struct word *tokens, struct call *call)
{
	const struct param *first = s->spec->param_count ? &s->spec->params[0] : NULL;
	size_t count = s->stage->count - s->words, fault_at = r->line.fault_at;
	struct word *words = arena_alloc(r->work->arena, (count + 1) * sizeof *words);
	struct err mistyped = call->err;
	struct str alert;

	if (!first || first->type != PARAM_ALERT || first->option || !r->caller->thread_ts ||
	    !(alert = alerts_in_thread(r->work, r->caller->channel_id, r->caller->thread_ts)).n)
		return false;
	words[0] = (struct word){.text = alert, .at = r->line.text.n, .end = r->line.text.n, .quoted = true};
	memcpy(words + 1, tokens + s->words, count * sizeof *words);
	err_clear(&call->err);
	r->line.fault_at = SIZE_MAX;
	if (bind_words(r, s->spec, words, count + 1, call))
		return true;
	call->err = mistyped;
	r->line.fault_at = fault_at;
	return false;
}

static bool bind_step(struct run *r, const struct step *s, const struct word *tokens, struct call *call)
{
	const struct plugin_command *theirs = plugin_command_of(s->spec);

	call->typed.spec = s->spec;
	call->raw = r->call->raw;
	if (theirs)
		call->digest = theirs->owner->digest;
	if (!bind_words(r, s->spec, tokens + s->words, s->stage->count - s->words, call) && !bind_in_thread(r, s, tokens, call))
		return false;
	if (call->held)
		call->typed.flags.reason = call->held->reason;
	if (plan_wanted(call) && (r->pipe.count > 1 || r->pipe.dest_count || r->behind)) {
		err_set(&call->err, ERR_INVALID, "a line with | or > runs now or not at all: --at and --every are for one command alone");
		return false;
	}
	return true;
}

/* ---- steps of a pipe ---- */

static bool filter(struct run *r, const struct step *s)
{
	const struct word *at;

	if (r->shown.n) {
		r->line.fault_at = s->stage->tokens[0].at;
		err_set(&r->call->err, ERR_INVALID, "what stands before the | shows the rows; nothing can follow it");
		return false;
	}
	if (rows_filter(r->work->arena, s->stage, &r->rows, &r->shown, &at, &r->call->err))
		return true;
	if (at)
		r->line.fault_at = at->at;
	return false;
}

/* The step's words with the row's values in the place of its fields; each is one value, whatever stands in it. */
static const struct word *bound_tokens(struct run *r, const struct step *s, const struct json *row, struct err *err)
{
	struct word *t = arena_alloc(r->work->arena, s->stage->count * sizeof *t);

	memcpy(t, s->stage->tokens, s->stage->count * sizeof *t);
	for (size_t i = s->words; i < s->stage->count; i++) {
		struct str field = str_n(t[i].text.p + 1, t[i].text.n - 1);

		if (!is_field(&t[i]))
			continue;
		if (!rows_field(r->work->arena, row, field, &t[i].text)) {
			r->line.fault_at = t[i].at;
			err_set(err, ERR_INVALID, "a row has no field `" STR_FMT "`", STR_ARG(str_clip(field, 60)));
			return NULL;
		}
		t[i].quoted = true;
	}
	return t;
}

/* What stands behind a step in the pipe, and where the answer goes, as text. */
static struct str text_behind(const struct run *r, size_t i)
{
	size_t at = i + 1 < r->pipe.count ? r->steps[i + 1].stage->tokens[0].at : r->line.text.n;

	if (i + 1 >= r->pipe.count && r->pipe.dest_count)
		for (size_t k = 0; k < r->line.count; k++)
			if (!r->line.tokens[k].quoted && (str_is(r->line.tokens[k].text, ">") || str_is(r->line.tokens[k].text, "*>")))
				at = r->line.tokens[k].at;
	return str_n(r->line.text.p + at, r->line.text.n - at);
}

/* false: it failed, or it waits for a yes, or a program is at it: nothing behind it in the pipe runs now. */
static bool go(struct run *r, struct call *call)
{
	call_go(call);
	return !call->err.code && !r->work->err.code && !call->waits && !call->runs_on;
}

/* Of several: one that fails is a line of the answer, the others go on. */
static bool run_bound(struct run *r, struct call *call, struct buf *text)
{
	call_go(call);
	if (err_is_outage(call->err.code)) {
		r->call->err = call->err;
		return false;
	}
	buf_printf(text, "%s%s" STR_FMT "%s", text->n ? "\n" : "", call->err.code ? ":warning: " : "", STR_ARG(call->err.code ? str_of(call->err.text) : buf_str(&call->text)),
		   call->err.code ? "." : "");
	r->call->in_channel |= call->in_channel;
	return call_audit(call, r->raw, r->began_us);
}

/* One call for each row; all are bound and allowed before the first runs. */
static bool run_for_rows(struct run *r, const struct step *s)
{
	struct arena *a = r->work->arena;
	size_t count = r->rows.count;
	struct call *calls = arena_zero(a, (count + 1) * sizeof *calls);
	struct err *err = &r->call->err;
	struct buf text;
	bool ok = true, waits;

	if (count > BOUND_MAX) {
		err_set(err, ERR_TOO_MANY, "that would run `" STR_FMT "` %zu times; %d is the most. Put a `head` before it", STR_ARG(s->spec->words), count, BOUND_MAX);
		return false;
	}
	buf_init(&text, 256 * KIB);
	for (size_t i = 0; i < count && ok; i++) {
		const struct word *tokens = bound_tokens(r, s, r->rows.rows[i], err);

		call_init(&calls[i], r->work, r->caller);
		ok = tokens && bind_step(r, s, tokens, &calls[i]) && call_may(&calls[i]);
		if (calls[i].err.code && !err->code)
			*err = calls[i].err;
	}
	waits = ok && !held_ready_list(r->call, calls, count);
	for (size_t i = 0; i < count; i++) {
		ok = ok && !waits && run_bound(r, &calls[i], &text);
		call_done(&calls[i]);
	}
	if (!waits) {
		buf_reset(&r->call->text);
		buf_reset(&r->call->data);
	}
	if (ok)
		buf_add(&r->call->text, count ? buf_str(&text) : S("No rows: nothing was done."));
	buf_done(&text);
	r->have_rows = false;
	return ok;
}

static bool takes_rows(const struct command_spec *spec)
{
	const struct plugin_command *theirs = plugin_command_of(spec);

	return theirs && theirs->takes_rows;
}

static bool run_step(struct run *r, size_t i)
{
	const struct step *s = &r->steps[i];
	struct call *call = r->call;
	bool later = i || r->behind; /* something stands before it */

	if (later && call->data.failed) {
		err_set(&call->err, ERR_TOO_BIG, "what stands before the | answers with more rows than 4 MiB");
		return false;
	}
	if (later && (!s->spec || s->fields || takes_rows(s->spec)) && !r->have_rows && !rows_read(r->work->arena, arena_dup(r->work->arena, buf_str(&call->data)), &r->rows, &call->err))
		return false;
	r->have_rows |= later && (!s->spec || s->fields || takes_rows(s->spec));
	if (!s->spec)
		return filter(r, s);
	call->then = text_behind(r, i);
	if (s->fields)
		return run_for_rows(r, s);
	if (later && takes_rows(s->spec)) {
		call->rows = arena_dup(r->work->arena, r->have_rows ? rows_json(r->work->arena, &r->rows) : buf_str(&call->data));
		buf_reset(&call->data);
		buf_reset(&call->text);
		r->have_rows = false;
		return bind_step(r, s, s->stage->tokens, call) && go(r, call);
	}
	if (later) {
		r->line.fault_at = s->stage->tokens[0].at;
		err_set(&call->err, ERR_INVALID, "`" STR_FMT "` takes nothing from a pipe. With a $field it runs once for each row: `" STR_FMT " $id`", STR_ARG(s->spec->words),
			STR_ARG(s->spec->words));
		return false;
	}
	return go(r, call);
}

/* Rows that came to the end of the pipe are shown as a table. */
static void show_rows(struct run *r)
{
	struct call *call = r->call;
	struct arena *a = r->work->arena;
	bool shown = r->shown.n > 0;
	struct str text;

	if (!r->have_rows)
		return;
	buf_reset(&call->text);
	text = mrkdwn_code(a, str_trim(shown ? r->shown : rows_table(a, &r->rows)));
	buf_printf(&call->text, "```\n" STR_FMT "\n```%s", STR_ARG(str_clip(text, TABLE_SHOWN_MAX)), text.n > TABLE_SHOWN_MAX ? "\n_There is more._" : "");
	if (!shown) {
		buf_reset(&call->data);
		buf_add(&call->data, rows_json(a, &r->rows));
	}
}

/* Every step must be one that they may run, before the first runs. */
static bool may_all(struct run *r)
{
	for (size_t i = r->behind ? 0 : 1; i < r->pipe.count; i++)
		if (r->steps[i].spec && !caller_could(r->work, r->caller, r->steps[i].spec)) {
			r->line.fault_at = r->steps[i].stage->tokens[0].at;
			err_set(&r->call->err, ERR_FORBIDDEN, "you may not run `" STR_FMT "` here", STR_ARG(r->steps[i].spec->words));
			return false;
		}
	return true;
}

/* ---- places to send it to ---- */

/* The channel of a destination; 0: here. */
static bool find_dest(struct run *r, struct str dest, int64_t *channel_id)
{
	struct work *w = r->work;
	struct str ref = dest.n > 2 && dest.p[0] == '<' ? str_n(dest.p + 2, dest.n - 3) : dest;
	const struct user *me = r->caller->user;
	struct err *err = &r->call->err;
	struct channel c;

	*channel_id = 0;
	if (str_is(dest, "incident")) {
		err_set(err, ERR_CONFLICT, "no incident belongs to this channel");
		return false;
	}
	if (str_is(dest, "here"))
		return true;
	if (r->caller->scope < SCOPE_WRITE) {
		err_set(err, ERR_FORBIDDEN, "to send it to `" STR_FMT "` needs a token with the scope write; this one may only read", STR_ARG(str_clip(dest, 60)));
		return false;
	}
	if (str_is(dest, "me"))
		ref = id_write(w->arena, 'U', me->id);
	else if (ref.p[0] == '@') {
		struct bind_names names = caller_names(w, r->caller);
		struct value v;

		if (!names.user(names.context, ref, &v, err))
			return false;
		ref = id_write(w->arena, 'U', v.number);
	}
	if (!chat_channel(w, me->id, ref, &c, err) || c.archived || !chat_is_member(w, c.id, me->id)) {
		err_clear(err);
		err_set(err, ERR_FORBIDDEN, "you may not post to `" STR_FMT "`", STR_ARG(str_clip(dest, 60)));
		return false;
	}
	*channel_id = c.id;
	return true;
}

/* Before anything runs. */
static bool find_dests(struct run *r)
{
	for (size_t i = 0; i < r->pipe.dest_count; i++)
		if (!find_dest(r, r->pipe.dests[i], &r->dest_ids[i]))
			return false;
	return true;
}

static void send_all(struct run *r)
{
	struct arena *a = r->work->arena;
	struct call *call = r->call;
	struct str text, by = id_write(a, 'U', r->caller->user->id);
	bool here = false;

	text = arena_printf(a, STR_FMT "\n_via <@" STR_FMT ">: `" STR_FMT "`_", STR_ARG(buf_str(&call->text)), STR_ARG(by), STR_ARG(mrkdwn_escape(a, str_clip(r->raw, 300))));
	for (size_t i = 0; i < r->pipe.dest_count && !call->err.code; i++) {
		here |= !r->dest_ids[i];
		if (r->dest_ids[i] && !note_add(r->work, r->dest_ids[i], text, &call->err))
			return;
	}
	call->in_channel |= here;
	if (!r->pipe.dest_count || here)
		return;
	buf_reset(&call->text);
	buf_add(&call->text, S("Sent to"));
	for (size_t i = 0; i < r->pipe.dest_count; i++)
		buf_printf(&call->text, "%s " STR_FMT, i ? "," : "", STR_ARG(r->pipe.dests[i]));
	buf_char(&call->text, '.');
	call->in_channel = false;
}

/* ---- the whole line ---- */

/* Who may not run it at all hears that, not what they mistyped. */
static void refuse_first(struct run *r)
{
	const struct command_spec *spec = r->steps[0].spec;
	struct err mistyped = r->call->err;

	if (caller_could(r->work, r->caller, spec) && (spec->risk == RISK_READ || r->caller->scope >= SCOPE_WRITE))
		return;
	err_clear(&r->call->err);
	if (call_may(r->call))
		r->call->err = mistyped;
	else
		r->line.fault_at = SIZE_MAX;
}

static void run_line(struct run *r)
{
	if (!read_line(r))
		return;
	if (!bind_step(r, &r->steps[0], r->steps[0].stage->tokens, r->call)) {
		refuse_first(r);
		return;
	}
	if (!may_all(r) || !find_dests(r))
		return;
	for (size_t i = 0; i < r->pipe.count && !r->call->err.code; i++)
		if (!run_step(r, i))
			return;
	show_rows(r);
	send_all(r);
}

/* "| where state == ok | head" of a line whose program is over: everything but the program, on its rows. */
static void run_behind(struct run *r, const struct ran *ran)
{
	struct err *err = &r->call->err;

	r->behind = true;
	buf_add(&r->call->data, ran->rows);
	buf_add(&r->call->text, ran->shown);
	if (!line_read(r->work->arena, r->raw, LINE_CANONICAL, &r->line, err) || !line_split(&r->line, &r->pipe, err))
		return;
	for (size_t i = 0; i < r->pipe.count; i++)
		if (!find_step(r, i))
			return;
	if (!may_all(r) || !find_dests(r))
		return;
	for (size_t i = 0; i < r->pipe.count && !err->code; i++)
		if (!run_step(r, i))
			return;
	show_rows(r);
	send_all(r);
}

/* The sentence, and where in the line it is. */
static struct str refusal(struct run *r)
{
	struct arena *a = r->work->arena;
	const struct err *err = &r->call->err;
	struct str point = line_point(a, &r->line);

	return arena_printf(a, ":warning: %s%s%s" STR_FMT "%s", err->text, str_ends(str_of(err->text), S("?")) ? "" : ".", point.n ? "\n```\n" : "", STR_ARG(mrkdwn_code(a, point)),
			    point.n ? "\n```" : "");
}

static struct str as_json(struct call *call)
{
	struct arena *a = call->work->arena;

	return arena_printf(a, "```\n" STR_FMT "\n```", STR_ARG(mrkdwn_code(a, buf_str(&call->data))));
}

/* ran: the line stands behind this program in its pipe; NULL: it is a line of its own. */
static bool run_one(struct work *w, const struct caller *caller, const struct held *held, const struct ran *ran, struct str line, struct command_result *out)
{
	struct call call;
	struct run r = {.work = w, .caller = caller, .raw = line, .line = {.fault_at = SIZE_MAX}, .call = &call, .began_us = mono_us()};
	bool ok;

	call_init(&call, w, caller);
	call.raw = held ? held->line : line;
	call.held = held;
	if (ran)
		run_behind(&r, ran);
	else
		run_line(&r);
	ok = !err_is_outage(call.err.code) && call_audit(&call, call.raw, r.began_us);
	if (!ok && !w->err.code)
		w->err = call.err;
	*out = (struct command_result){.ok = call.err.code == ERR_NONE, .in_channel = call.in_channel, .privately = call.privately, .waits = call.waits, .told = call.told,
				       .runs_on = call.runs_on, .planned = call.planned, .err = call.err};
	out->changes = call.typed.spec && call.typed.spec->risk != RISK_READ;
	out->text = !out->ok ? refusal(&r) : call.typed.flags.json && call.data.n ? as_json(&call) : arena_dup(w->arena, buf_str(&call.text));
	out->data = arena_dup(w->arena, buf_str(&call.data));
	call_done(&call);
	engine_counters(w->engine)->commands++;
	return ok;
}

bool command_is_there(struct work *w, struct str line)
{
	struct command_found found;
	struct err ignored = {0};
	struct line read;

	if (!line_read(w->arena, line, LINE_CHAT, &read, &ignored) || !read.count)
		return false;
	command_set_find(w->engine->rulebook->commands, read.tokens, read.count, &found);
	return found.spec || found.other_count;
}

bool command_read(struct work *w, const struct caller *caller, struct str line, struct typed_call *out, struct err *err)
{
	struct call call;
	struct run r = {.work = w, .caller = caller, .raw = line, .line = {.fault_at = SIZE_MAX}, .call = &call};

	call_init(&call, w, caller);
	call.raw = line;
	if (read_line(&r) && r.pipe.count > 1)
		err_set(&call.err, ERR_INVALID, "one command is looked at: leave out the | and what follows it");
	if (!call.err.code)
		(void)!bind_step(&r, &r.steps[0], r.steps[0].stage->tokens, &call);
	*out = call.typed;
	*err = call.err;
	call_done(&call);
	return !err->code;
}

bool command_run(struct work *w, const struct caller *caller, struct str line, struct command_result *out)
{
	return run_one(w, caller, NULL, NULL, line, out);
}

bool command_run_then(struct work *w, const struct caller *caller, const struct ran *ran, struct str then, struct command_result *out)
{
	return run_one(w, caller, NULL, ran, then, out);
}

bool command_run_held(struct work *w, const struct caller *caller, const struct held *held, struct str line, struct command_result *out)
{
	return run_one(w, caller, held, NULL, line, out);
}

bool command_run_row(struct work *w, struct str kind, int64_t home_id, struct str payload, struct err *err)
{
	if (str_is(kind, KIND_PLAN_RUN))
		return plan_run(w, home_id, payload, err);
	return str_is(kind, KIND_HELD_RUN) ? held_run(w, home_id, err) : mention_run(w, payload, err);
}
