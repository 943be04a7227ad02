/* Small texts from outside: times, spans, numbers, ids and ts of messages. What is read and written again reads the same. */
#include "fuzz.h"
#include "ops/alert.h"
#include "ops/file_type.h"
#include "ops/id.h"
#include "ops/lock.h"
#include "ops/mfa.h"
#include "ops/model.h"

static void times(struct arena *a, struct str in)
{
	char text[WALL_TEXT_SIZE];
	wall_ms at, again;
	span_ms span;

	if (wall_parse(in, &at) && at >= -62135596800000 && at <= 253402300799999)
		need(wall_parse(wall_write(text, at), &again) && at == again);
	if (span_parse(in, &span)) {
		need(span >= 0);
		touch(span_write(a, span));
	}
}

static void ids(struct arena *a, struct str in)
{
	char text[TS_TEXT_SIZE];
	int64_t id, again;

	if (id_parse(in, "CDGUW", &id)) {
		struct str out = id_write(a, in.p[0], id);

		need(id > 0 && id_parse(out, "CDGUW", &again) && id == again);
		need(id_time(id) >= id_time(0));
	}
	if (ts_parse(in, &id)) {
		need(id >= 0);
		need(ts_parse(ts_write(text, id), &again) && id == again);
		need(str_eq(ts_text(a, id), ts_write(text, id)));
	}
}

static void pictures(struct str in)
{
	int width, height;

	need(picture_size(in, &width, &height) ? width > 0 && height > 0 : !width && !height);
	need(file_type_of(in) != NULL);
}

static void codes_and_targets(struct arena *a, struct str in)
{
	struct err err = {0};
	struct str out, again;
	uint32_t code;

	if (totp_read(in, &code))
		need(code < 1000000);
	out = mfa_recovery_read(a, in);
	if (out.n)
		need(out.n == MFA_RECOVERY_CHARS && str_eq(mfa_recovery_read(a, mfa_recovery_write(a, out)), out));
	if (lock_target_read(a, in, &out, &err))
		need(out.n == in.n && lock_target_read(a, out, &again, &err) && str_eq(out, again));
	else
		need(err.code == ERR_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size), head;
	struct arena a;
	enum role role;
	int64_t n, again;

	arena_init(&a);
	times(&a, in);
	ids(&a, in);
	pictures(in);
	codes_and_targets(&a, in);
	if (str_to_int(in, &n))
		need(str_to_int(arena_printf(&a, "%lld", (long long)n), &again) && n == again);
	if (role_parse(in, &role))
		need(str_is(in, role_name(role)));
	need(severity_of(in) >= SEVERITY_INFO && severity_of(in) <= SEVERITY_CRITICAL);
	need(str_distance(in, in) == (in.n > 32 ? 99 : 0));
	touch(str_cut(in, ' ', &head));
	need(str_distance(head, in) == str_distance(in, head));
	for (size_t i = 0; i <= in.n && i < 64; i++)
		need(!str_is_utf8(in) || str_is_utf8(str_clip(in, i)));
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
