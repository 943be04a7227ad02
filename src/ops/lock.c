#include "ops/lock.h"

#include "ops/text.h"

/* ---- targets ---- */

static bool is_target_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("._-/:", c));
}

static bool is_target(struct str lower)
{
	for (size_t i = 0; i < lower.n; i++)
		if (!is_target_char(lower.p[i]))
			return false;
	return lower.n > 0 && lower.n <= LOCK_TARGET_MAX;
}

bool lock_target_read(struct arena *a, struct str text, struct str *out, struct err *err)
{
	*out = arena_lower(a, text);
	if (is_target(*out))
		return true;
	err_set(err, ERR_INVALID, "`" STR_FMT "` is no name of a target: letters, digits and . _ - / : only, at most %d", STR_ARG(str_clip(text, 60)), LOCK_TARGET_MAX);
	return false;
}

size_t lock_targets_of(struct arena *a, const struct typed_call *call, struct str **out)
{
	const struct command_spec *spec = call->spec;
	bool named = spec->lock.n > 0, ours = str_is(spec->plugin, "core");
	const char *name = named ? arena_dup(a, spec->lock).p : "target";
	const struct param *param = NULL;
	const struct bound_param *bound = named || !ours ? call_param(call, name, &param) : NULL;
	struct vec v = {0};

	if (named && !param) {
		*out = vec_push(a, &v, sizeof **out);
		**out = arena_lower(a, spec->lock);
		return is_target(**out);
	}
	for (size_t i = 0; bound && i < bound->count; i++) {
		struct str target = arena_lower(a, bound->values[i].text);

		if (is_target(target))
			*(struct str *)vec_push(a, &v, sizeof target) = target;
	}
	*out = v.items;
	return v.count;
}

/* ---- the rules ---- */

enum who { ANYBODY, OPERATOR };

static const struct {
	enum lock_state state;
	enum lock_event event;
	enum who who;
	unsigned effects;
} rules[] = {
	{LOCK_FREE, LOCK_ON_TAKE, ANYBODY, LOCK_FX_TAKE},
	{LOCK_FREE, LOCK_ON_QUEUE, ANYBODY, LOCK_FX_TAKE},
	{LOCK_FREE, LOCK_ON_STEAL, ANYBODY, LOCK_FX_TAKE},
	{LOCK_MINE, LOCK_ON_TAKE, ANYBODY, LOCK_FX_EXTEND},
	{LOCK_MINE, LOCK_ON_QUEUE, ANYBODY, LOCK_FX_EXTEND},
	{LOCK_MINE, LOCK_ON_STEAL, ANYBODY, LOCK_FX_EXTEND},
	{LOCK_MINE, LOCK_ON_UNLOCK, ANYBODY, LOCK_FX_NEXT},
	{LOCK_MINE, LOCK_ON_EXPIRE, ANYBODY, LOCK_FX_NEXT | LOCK_FX_TELL},
	{LOCK_OTHERS, LOCK_ON_QUEUE, ANYBODY, LOCK_FX_WAIT},
	{LOCK_OTHERS, LOCK_ON_STEAL, ANYBODY, LOCK_FX_TAKE | LOCK_FX_TELL},
	{LOCK_OTHERS, LOCK_ON_UNLOCK, OPERATOR, LOCK_FX_NEXT | LOCK_FX_TELL},
	{LOCK_AWAITED, LOCK_ON_QUEUE, ANYBODY, LOCK_FX_WAIT},
	{LOCK_AWAITED, LOCK_ON_STEAL, ANYBODY, LOCK_FX_TAKE | LOCK_FX_TELL},
	{LOCK_AWAITED, LOCK_ON_UNLOCK, ANYBODY, LOCK_FX_LEAVE}, /* an operator too: who waits means the waiting */
};

bool lock_rule(enum lock_state state, enum lock_event event, bool operator_asks, unsigned *effects)
{
	for (size_t i = 0; i < COUNT_OF(rules); i++)
		if (rules[i].state == state && rules[i].event == event && (rules[i].who == ANYBODY || operator_asks)) {
			*effects = rules[i].effects;
			return true;
		}
	return false;
}

/* ---- sentences ---- */

/* "15:00 UTC", with its date if that is another than today's. */
static struct str time_text(struct arena *a, wall_ms at, wall_ms now)
{
	char then[WALL_TEXT_SIZE], today[WALL_TEXT_SIZE];
	struct str whole = wall_write(then, at);

	(void)wall_write(today, now);
	if (memcmp(then, today, 10) == 0)
		return arena_printf(a, "%.5s UTC", whole.p + 11);
	return arena_printf(a, "%.10s %.5s UTC", whole.p, whole.p + 11);
}

struct str lock_sentence(struct arena *a, const struct lock *lock, struct str holder, wall_ms now)
{
	return arena_printf(a, STR_FMT " is locked by " STR_FMT " until " STR_FMT ": " STR_FMT, STR_ARG(lock->target), STR_ARG(holder), STR_ARG(time_text(a, lock->until, now)),
			    STR_ARG(mrkdwn_escape(a, lock->reason)));
}

void lock_refuse(struct arena *a, const struct lock *lock, struct str target, struct str holder, enum lock_event event, wall_ms now, struct err *err)
{
	struct str said = lock ? str_clip(lock_sentence(a, lock, holder, now), 220) : S("");

	if (!lock)
		err_set(err, ERR_NOT_FOUND, STR_FMT " is not locked", STR_ARG(target));
	else if (event == LOCK_ON_UNLOCK)
		err_set(err, ERR_FORBIDDEN, STR_FMT ". Only they or an operator can unlock it; `lock " STR_FMT " --steal` takes it over", STR_ARG(said), STR_ARG(target));
	else
		err_set(err, ERR_CONFLICT, STR_FMT ". `lock " STR_FMT " --queue`", STR_ARG(said), STR_ARG(target));
}

wall_ms lock_due(const struct lock *lock)
{
	if (!lock->reminded && lock->until - lock->taken >= LOCK_LONG)
		return lock->until - LOCK_REMIND_BEFORE;
	return lock->until;
}
