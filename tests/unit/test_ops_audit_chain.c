/* The audit trail as an export: whole it is good, and whatever is done to it is seen. */
#include "ops/audit_chain.h"
#include "unit.h"

#define START ((wall_ms)1772417700000)

static const struct secret seed = {"the seed of the audit's own test"};
static uint8_t public_key[CRYPT_PUBLIC_KEY];
static struct arena a;
static struct buf file;
static struct err err;

/* Three chains, a checkpoint after each fourth record, and two records behind the last. */
static void write_export(struct buf *to, size_t count, bool others)
{
	struct audit_checkpoint c = {.workspace_id = 1, .hash = str_of(audit_chain_start)};
	struct str ends[3] = {str_of(audit_chain_start), str_of(audit_chain_start), str_of(audit_chain_start)};
	char digest[AUDIT_HASH + 1], hash[AUDIT_HASH + 1];

	memcpy(digest, audit_chain_start, sizeof digest);
	for (size_t i = 0; i < count; i++) {
		struct audit_record r = {.home_id = 10 + (int64_t)i % 3,
					 .seq = 1 + (int64_t)i / 3,
					 .id = 1000 + (int64_t)i * 7,
					 .workspace_id = 1,
					 .actor_id = (int64_t)i % 2 ? 4711 : 0,
					 .at = START + (wall_ms)i * 1001,
					 .action = S("ack"),
					 .via = S("slash"),
					 .result = i % 5 ? S("ok") : S("forbidden"),
					 .detail = others && i == 1 ? S("{\"line\":\"ack q2fy\"}") : S("{\"line\":\"ack q2fx \\\"x\\\" \\u001f \xc3\xa4\"}"),
					 .prev_hash = ends[i % 3]};

		audit_record_hash(&r, hash);
		r.hash = ends[i % 3] = arena_dup(&a, str_of(hash));
		audit_record_line(to, &r);
		audit_digest_add(digest, r.hash);
		if (i % 4 != 3)
			continue;
		c = (struct audit_checkpoint){
			.workspace_id = 1, .no = c.no + 1, .at = r.at + MINUTE, .last_id = r.id, .records = (int64_t)i + 1, .digest = arena_dup(&a, str_of(digest)), .prev_hash = c.hash};
		audit_checkpoint_sign(&a, &c, &seed);
		audit_checkpoint_line(to, &c);
	}
}

static void open_file(void)
{
	ck_assert(crypt_start(&err));
	arena_init(&a);
	crypt_public_key(&seed, public_key);
	buf_init(&file, 1 * MIB);
	write_export(&file, 14, false);
}

static void close_file(void)
{
	buf_done(&file);
	arena_done(&a);
}

static struct audit_verifier *verifier;

static struct audit_verdict verdict_with(struct str text, const uint8_t *key, bool part)
{
	struct audit_verdict v;

	audit_verifier_free(verifier);
	verifier = audit_verifier_new(key, part);
	while (text.n) {
		struct str line;

		text = str_cut(text, '\n', &line);
		audit_verify_line(verifier, line);
	}
	audit_verify_end(verifier, false, &v);
	return v;
}

static struct audit_verdict verdict(struct str text)
{
	return verdict_with(text, public_key, false);
}

static struct str line_of(size_t wanted, struct str *before, struct str *behind)
{
	struct str rest = buf_str(&file), line = S("");

	for (size_t i = 0; i <= wanted; i++) {
		*before = str_n(file.p, (size_t)(rest.p - file.p));
		rest = str_cut(rest, '\n', &line);
	}
	*behind = rest;
	return str_n(line.p, line.n + 1);
}

START_TEST(a_whole_export_is_whole)
{
	struct audit_verdict v = verdict(buf_str(&file));

	ck_assert_msg(v.faults == 0, STR_FMT, STR_ARG(v.list[0].why));
	ck_assert(v.records == 14 && v.chains == 3 && v.checkpoints == 3 && v.covered == 12 && v.last_no == 3);
}
END_TEST

/* Of every byte each single bit, and what reads the same to a careless reader. */
START_TEST(every_changed_byte_is_seen)
{
	static const char tries[] = {1, 2, 4, 8, 16, 32, 64, (char)128};
	struct str text, before, behind;

	line_of(6, &before, &behind);
	text = arena_dup(&a, before);
	for (size_t i = 0; i + 1 < text.n; i++)
		for (size_t k = 0; k < COUNT_OF(tries); k++) {
			char *p = (char *)text.p + i, was = *p;

			*p = (char)(was ^ tries[k]);
			ck_assert_msg(verdict(text).faults > 0, "byte %zu, %02x instead of %02x", i, (unsigned char)*p, (unsigned char)was);
			*p = was;
		}
	ck_assert(verdict(text).faults == 0);
}
END_TEST

START_TEST(every_missing_line_is_seen)
{
	struct str before, behind;

	for (size_t i = 0; i < 14; i++) { /* up to the last checkpoint: what is behind it is not signed yet, and how much that is is said */
		line_of(i, &before, &behind);
		ck_assert_msg(verdict(arena_printf(&a, STR_FMT STR_FMT, STR_ARG(before), STR_ARG(behind))).faults > 0, "without line %zu", i);
	}
}
END_TEST

START_TEST(lines_that_changed_places_are_seen)
{
	struct str before, behind, first, second;

	for (size_t i = 0; i < 16; i++) {
		first = line_of(i, &before, &behind);
		second = line_of(i + 1, &first, &behind);
		first = line_of(i, &before, &(struct str){0});
		ck_assert_msg(verdict(arena_printf(&a, STR_FMT STR_FMT STR_FMT STR_FMT, STR_ARG(before), STR_ARG(second), STR_ARG(first), STR_ARG(behind))).faults > 0,
			      "line %zu and the next", i);
	}
}
END_TEST

/* Somebody without the key writes the chains anew, and all hashes fit. */
START_TEST(a_rewritten_trail_does_not_fit_its_checkpoints)
{
	struct buf forged, mixed;
	struct str ours = buf_str(&file), theirs, our_line, their_line;
	struct audit_verdict v;

	buf_init(&forged, 1 * MIB);
	buf_init(&mixed, 1 * MIB);
	write_export(&forged, 14, true);
	for (theirs = buf_str(&forged); theirs.n;) {
		theirs = str_cut(theirs, '\n', &their_line);
		ours = str_cut(ours, '\n', &our_line);
		buf_add(&mixed, str_starts(our_line, S("{\"checkpoint\"")) ? our_line : their_line);
		buf_char(&mixed, '\n');
	}
	v = verdict(buf_str(&mixed));
	ck_assert_int_eq(v.faults, 3);
	ck_str(v.list[0].why, "the records before it are not those that it was made of");
	ck_assert_int_eq(v.list[0].line, 5);
	buf_done(&forged);
	buf_done(&mixed);
}
END_TEST

START_TEST(another_key_signed_it)
{
	uint8_t other[CRYPT_PUBLIC_KEY];
	struct audit_verdict v;

	crypt_public_key(&(struct secret){"the seed of somebody else's key"}, other);
	v = verdict_with(buf_str(&file), other, false);
	ck_assert_int_eq(v.faults, 3);
	ck_str(v.list[0].why, "its signature is not by this key");
	ck_assert_int_eq(verdict_with(buf_str(&file), NULL, false).faults, 0);
}
END_TEST

START_TEST(a_part_is_checked_as_a_part)
{
	struct str before, behind;

	line_of(6, &before, &behind);
	ck_assert_int_gt(verdict(behind).faults, 0);
	ck_assert_int_eq(verdict_with(behind, public_key, true).faults, 0);
	/* two exports whose border is at a checkpoint both have it */
	line_of(4, &before, &behind);
	behind = arena_printf(&a, STR_FMT STR_FMT STR_FMT, STR_ARG(before), STR_ARG(line_of(4, &before, &behind)), STR_ARG(str_n(file.p + before.n, file.n - before.n)));
	ck_assert_int_eq(verdict(behind).faults, 0);
}
END_TEST

START_TEST(a_detail_that_is_no_object_is_a_text)
{
	static const char *const details[] = {"", "{\"line\":", "{\n}", "\"x\"", "{} ", "[1]", "\xff"};
	struct buf b;

	for (size_t i = 0; i < COUNT_OF(details); i++) {
		struct audit_record r = {.home_id = -1, .seq = 1, .id = 5, .detail = str_of(details[i]), .prev_hash = str_of(audit_chain_start)};
		char hash[AUDIT_HASH + 1];

		buf_init(&b, 1 * MIB);
		audit_record_hash(&r, hash);
		r.hash = str_of(hash);
		audit_record_line(&b, &r);
		ck_assert_ptr_nonnull(json_parse(&a, str_trim(buf_str(&b)), JSON_STRICT, &err));
		ck_assert_msg(verdict(buf_str(&b)).faults == 0, "%s", details[i]);
		buf_done(&b);
	}
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"audit_chain", a_whole_export_is_whole},
		{"audit_chain", every_changed_byte_is_seen},
		{"audit_chain", every_missing_line_is_seen},
		{"audit_chain", lines_that_changed_places_are_seen},
		{"audit_chain", a_rewritten_trail_does_not_fit_its_checkpoints},
		{"audit_chain", another_key_signed_it},
		{"audit_chain", a_part_is_checked_as_a_part},
		{"audit_chain", a_detail_that_is_no_object_is_a_text},
	};

	return unit_run_in("ops/audit_chain", tests, COUNT_OF(tests), open_file, close_file);
}
