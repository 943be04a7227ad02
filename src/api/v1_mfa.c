/* The second factor of who asks: enrolled, confirmed by a first code, given again for what rules ask it for (mfa < 10m), taken away. Codes come here alone, never
 * through a channel. */
#include "api/handlers.h"
#include "engine/alerts.h"
#include "net/form.h"
#include "ops/mfa.h"
#include "store/chat.h"
#include "store/mfa.h"

#include <inttypes.h>

/* A key of its own for each person: a row cannot be moved to another. */
static struct secret key_of(struct exchange *x, int64_t user_id)
{
	struct secret key;

	crypt_hmac_sha256(&x->work.engine->key, arena_printf(x_arena(x), "mfa:%" PRId64, user_id), key.bytes);
	return key;
}

static struct str recovery_hash(struct exchange *x, struct str code)
{
	struct secret key = key_of(x, x->user.id);
	uint8_t mac[32];

	crypt_hmac_sha256(&key, code, mac);
	return crypt_hex(x_arena(x), mac, sizeof mac);
}

/* What happens to one's second factor is told to oneself: who did not do it hears of it. */
static bool tell(struct exchange *x, int64_t user_id, const char *what)
{
	return note_person(&x->work, user_id, 0, 0, arena_printf(x_arena(x), ":key: %s, from " STR_FMT ". If it was not you, tell an admin.", what, STR_ARG(x->request->remote)), &x->err);
}

static bool find(struct exchange *x, struct mfa *m)
{
	struct engine *e = x->work.engine;

	return store_mfa_find(e->db, x_arena(x), e->workspace_id, x->user.id, m, &x->err);
}

/* ---- GET /v1/mfa ---- */

static void write_state(struct exchange *x)
{
	struct engine *e = x->work.engine;
	struct mfa m = {.confirmed = 0};
	struct json_out o;

	if (!find(x, &m) && x->err.code)
		return;
	o = x_object(x, 200);
	json_add_bool(&o, "enrolled", m.confirmed != 0);
	if (m.confirmed) {
		json_add_wall(&o, "since", m.confirmed);
		json_add_int(&o, "recovery_codes_left", store_recovery_left(e->db, e->workspace_id, x->user.id));
	}
	if (x->caller.mfa_at)
		json_add_wall(&o, "given_at", x->caller.mfa_at);
	json_close(&o, '}');
}

void v1_mfa(struct exchange *x)
{
	write_state(x);
}

/* ---- enrolling ---- */

static struct str upper(struct arena *a, struct str s)
{
	char *p = (char *)arena_dup(a, s).p;

	for (size_t i = 0; i < s.n; i++)
		p[i] = p[i] >= 'a' && p[i] <= 'z' ? (char)(p[i] - 32) : p[i];
	return str_n(p, s.n);
}

static void write_secret(struct exchange *x, const uint8_t secret[TOTP_SECRET_BYTES])
{
	struct arena *a = x_arena(x);
	struct str text = upper(a, crypt_base32(a, secret, TOTP_SECRET_BYTES * 8 / 5));
	struct json_out o = x_object(x, 200);

	json_add_str(&o, "secret", text);
	json_add_str(&o, "uri", totp_uri(a, percent_encode(a, x->work.engine->workspace_name), percent_encode(a, x->user.name), text));
	json_close(&o, '}');
}

void v1_mfa_enrol(struct exchange *x)
{
	struct mfa m = {.workspace_id = x->work.engine->workspace_id, .user_id = x->user.id, .created = x->work.now}, had;
	struct secret key = key_of(x, x->user.id);
	uint8_t secret[TOTP_SECRET_BYTES];

	if (x->user.bot_id)
		x_fail(x, ERR_FORBIDDEN, "a bot has no second factor");
	else if (find(x, &had) && had.confirmed)
		x_fail(x, ERR_CONFLICT, "you have a second factor already; take it away first: `opsroom mfa reset`");
	if (x->err.code)
		return;
	crypt_random(secret, sizeof secret);
	m.sealed = crypt_seal(x_arena(x), &key, str_n((const char *)secret, sizeof secret));
	if (store_mfa_put(x->work.engine->db, &m, &x->err) && x_audit(x, x->user.id, "mfa.enrol", x_from(x), "ok"))
		write_secret(x, secret);
}

/* ---- codes ---- */

static bool is_totp(struct exchange *x, struct mfa *m, struct str code)
{
	struct secret key = key_of(x, x->user.id);
	struct str secret;
	uint32_t number;

	if (!totp_read(code, &number))
		return false;
	if (!crypt_open(x_arena(x), &key, m->sealed, &secret) || secret.n != TOTP_SECRET_BYTES) {
		x_fail(x, ERR_CONFLICT, "your second factor was made under another secret.key; an admin must reset it");
		return false;
	}
	return totp_check((const uint8_t *)secret.p, number, x->work.now, m->last_step, &m->last_step) && store_mfa_set(x->work.engine->db, m, &x->err);
}

static bool is_recovery(struct exchange *x, const struct mfa *m, struct str text)
{
	struct engine *e = x->work.engine;
	struct str code = m->confirmed ? mfa_recovery_read(x_arena(x), text) : S("");

	return code.n && store_recovery_use(e->db, e->workspace_id, x->user.id, recovery_hash(x, code), x->work.now, &x->err) && tell(x, x->user.id, "A recovery code of yours was used");
}

static void was_wrong(struct exchange *x, struct mfa *m, const char *action)
{
	mfa_was_wrong(m, x->work.now);
	if (store_mfa_set(x->work.engine->db, m, &x->err) && x_audit(x, x->user.id, action, x_from(x), "refused"))
		x_fail(x, ERR_FORBIDDEN, "that code is wrong, or it has been used already; the next one counts");
}

/* The body's code is right, and is used up. false: the answer is there. */
static bool give(struct exchange *x, struct mfa *m, bool first, const char *action)
{
	const struct json *body = x_body(x);
	struct str code;

	if (!body)
		return false;
	code = str_clip(json_get_str(body, "code"), 64);
	if (!find(x, m) || (!first && !m->confirmed)) {
		if (!x->err.code)
			x_fail(x, ERR_CONFLICT, "you have no second factor yet: `opsroom mfa enrol`");
		return false;
	}
	if (!mfa_may_try(m, x->work.now)) {
		x->retry_after = m->wrong_since + MFA_WRONG_SPAN - x->work.now;
		x_fail(x, ERR_TOO_MANY, "too many wrong codes; try again in " STR_FMT, STR_ARG(span_write(x_arena(x), x->retry_after)));
		return false;
	}
	if (is_totp(x, m, code) || (!x->err.code && is_recovery(x, m, code)))
		return !x->err.code;
	if (!x->err.code)
		was_wrong(x, m, action);
	return false;
}

static bool add_recovery(struct exchange *x, struct json_out *o)
{
	struct engine *e = x->work.engine;

	json_key(o, "recovery_codes");
	json_open(o, '[');
	for (int i = 0; i < MFA_RECOVERY_CODES; i++) {
		struct str code = crypt_word(x_arena(x), MFA_RECOVERY_CHARS);

		if (!store_recovery_add(e->db, e->workspace_id, x->user.id, recovery_hash(x, code), &x->err))
			return false;
		json_put_str(o, mfa_recovery_write(x_arena(x), code));
	}
	json_close(o, ']');
	return true;
}

void v1_mfa_confirm(struct exchange *x)
{
	struct json_out o;
	struct mfa m;

	if (!give(x, &m, true, "mfa.confirm"))
		return;
	if (m.confirmed) {
		x_fail(x, ERR_CONFLICT, "your second factor is confirmed already");
		return;
	}
	m.confirmed = x->work.now;
	if (!store_mfa_set(x->work.engine->db, &m, &x->err) || !auth_step_up(x) || !x_audit(x, x->user.id, "mfa.confirm", x_from(x), "ok") ||
	    !tell(x, x->user.id, "Your account has a second factor now"))
		return;
	o = x_object(x, 200);
	if (add_recovery(x, &o))
		json_close(&o, '}');
}

void v1_mfa_step_up(struct exchange *x)
{
	struct mfa m;

	if (give(x, &m, false, "mfa.stepup") && auth_step_up(x) && x_audit(x, x->user.id, "mfa.stepup", x_from(x), "ok"))
		write_state(x);
}

/* ---- taking it away ---- */

static struct str reset_detail(struct exchange *x, int64_t user_id)
{
	return arena_printf(x_arena(x), "{\"user\":\"" STR_FMT "\",\"from\":\"" STR_FMT "\"}", STR_ARG(id_write(x_arena(x), 'U', user_id)), STR_ARG(x->request->remote));
}

static void drop(struct exchange *x, int64_t user_id)
{
	struct engine *e = x->work.engine;
	struct json_out o;

	if (!store_mfa_drop(e->db, e->workspace_id, user_id, &x->err) || !x_audit(x, x->user.id, "mfa.reset", reset_detail(x, user_id), "ok") ||
	    !tell(x, user_id, user_id == x->user.id ? "Your second factor was taken away" : "An admin has taken your second factor away"))
		return;
	o = x_object(x, 200);
	json_close(&o, '}');
}

/* An admin for somebody who has lost theirs, with the code of the admin's own if there is one. */
static void reset_of(struct exchange *x, struct str name)
{
	struct engine *e = x->work.engine;
	struct mfa own, theirs;
	int64_t user_id;

	if (x->user.role < ROLE_ADMIN || x->caller.scope < SCOPE_ADMIN)
		x_fail(x, ERR_FORBIDDEN, "only an admin, with a session or a token with the scope admin, can take away that of others");
	else if (!store_name_find(e->db, e->workspace_id, "user", arena_lower(x_arena(x), name), &user_id, &x->err) && !x->err.code)
		x_fail(x, ERR_NOT_FOUND, "there is nobody called " STR_FMT, STR_ARG(str_clip(name, 60)));
	else if (!x->err.code && user_id == x->user.id)
		x_fail(x, ERR_INVALID, "that is you: with your own code, and without a name");
	else if (!x->err.code && !store_mfa_find(e->db, x_arena(x), e->workspace_id, user_id, &theirs, &x->err) && !x->err.code)
		x_fail(x, ERR_NOT_FOUND, STR_FMT " has no second factor", STR_ARG(str_clip(name, 60)));
	if (x->err.code || (find(x, &own) && own.confirmed && !give(x, &own, false, "mfa.reset")) || x->err.code)
		return;
	drop(x, user_id);
}

void v1_mfa_reset(struct exchange *x)
{
	struct str name = x_query(x, "user");
	struct mfa m;

	if (name.n)
		reset_of(x, name);
	else if (give(x, &m, false, "mfa.reset"))
		drop(x, x->user.id);
}
