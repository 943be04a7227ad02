/* How fast is the audit trail with many records: written, signed, searched, exported and checked. Arguments: how many records
 * (1000000), a folder for the store and the export. */
#include "ops/id.h"
#include "store/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START ((wall_ms)1772417700000)
#define CHAINS 2000

static struct err err;

static void must(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "audit: %s\n", err.text);
	exit(1);
}

static void say(const char *what, int64_t began_us, double count)
{
	double s = (double)(mono_us() - began_us) / 1e6;

	printf("%-34s %8.3f s  %10.0f a second\n", what, s, count / s);
}

static void fill(struct db *db, int64_t count)
{
	static const char *const actions[] = {"ack", "resolve", "status", "silence", "login"};
	const struct secret seed = {"a seed for the bench"};
	struct audit_checkpoint made;
	struct arena a;

	arena_init(&a);
	for (int64_t i = 0; i < count; i++) {
		struct audit_record r = {.home_id = 10 + i % 7 * i % CHAINS, .id = id_first(START + i * 500), .workspace_id = 1, .actor_id = 1 + i % 50, .at = START + i * 500};

		r.action = str_of(actions[i % 5]);
		r.via = S("slash");
		r.result = i % 20 ? S("ok") : S("forbidden");
		r.detail = arena_printf(&a, "{\"line\":\"%s k%05lld because of the deploy\",\"call\":\"core:%s k%05lld\",\"channel\":\"C0C8QJ4V2G%02lld\",\"from\":\"10.0.0.%lld\",\"rule\":\"allow core:* need role responder\",\"us\":%lld}",
					actions[i % 5], (long long)i, actions[i % 5], (long long)i, (long long)(i % 40), (long long)(i % 200), (long long)(i % 5000));
		must(store_audit_add(db, &a, &r, &err));
		if (i % 1000 == 999 || i + 1 == count) {
			must(store_audit_checkpoint(db, &a, 1, r.at, &seed, &made, &err));
			must(db_item_end(db, true, &err) && db_commit(db, &err));
			db_item_begin(db);
			arena_reset(&a);
		}
	}
	arena_done(&a);
}

static void search(struct db *db, const char *what, const struct audit_filter *f)
{
	int64_t began = mono_us();
	struct audit_record *out;
	struct arena a;
	size_t count;

	arena_init(&a);
	must(store_audit_search(db, &a, 1, f, &out, &count, &err));
	printf("%-34s %8.1f ms  %zu found\n", what, (double)(mono_us() - began) / 1e3, count);
	arena_done(&a);
}

static bool put_line(void *context, const struct audit_record *r, const struct audit_checkpoint *c)
{
	if (r)
		audit_record_line(context, r);
	else
		audit_checkpoint_line(context, c);
	return true;
}

static void export(struct db *db, const char *path)
{
	struct audit_cursor cursor = {0};
	FILE *f = fopen(path, "w");
	struct arena a;
	struct buf b;

	arena_init(&a);
	buf_init(&b, 64 * MIB);
	do {
		buf_reset(&b);
		arena_reset(&a);
		must(store_audit_walk(db, &a, 1, &cursor, INT64_MAX, 1000, put_line, &b, &err));
		fwrite(b.p, 1, b.n, f);
	} while (b.n);
	fclose(f);
	buf_done(&b);
	arena_done(&a);
}

int main(int argc, char **argv)
{
	int64_t count = argc > 1 ? atoll(argv[1]) : 1000000, began;
	const char *dir = argc > 2 ? argv[2] : "/tmp";
	char path[4096], lines[4096], hex[65];
	uint8_t key[CRYPT_PUBLIC_KEY];
	struct audit_verdict verdict;
	struct audit_verifier *v;
	struct db *db;
	int migrated;

	must(crypt_start(&err));
	crypt_public_key(&(struct secret){"a seed for the bench"}, key);
	crypt_hex_write(hex, key, sizeof key);
	snprintf(path, sizeof path, "%s/audit-bench.db", dir);
	snprintf(lines, sizeof lines, "%s/audit-bench.jsonl", dir);
	must((db = db_open(path, START, &migrated, &err)));
	db_item_begin(db);
	began = mono_us();
	if (!store_audit_last(db, 1))
		fill(db, count);
	say("written and signed", began, (double)count);
	search(db, "search: newest", &(struct audit_filter){.limit = 100});
	search(db, "search: actor", &(struct audit_filter){.actor_id = 7, .limit = 100});
	search(db, "search: action, result", &(struct audit_filter){.action = S("login"), .result = S("forbidden"), .limit = 100});
	search(db, "search: an hour long ago", &(struct audit_filter){.since = START + HOUR, .until = START + 2 * HOUR, .limit = 100});
	search(db, "search: channel", &(struct audit_filter){.channel = S("C0C8QJ4V2G07"), .limit = 100});
	search(db, "search: text that is in the first", &(struct audit_filter){.text = S("k00000"), .limit = 100});
	search(db, "search: text that is nowhere", &(struct audit_filter){.text = S("nowhere at all"), .limit = 100});
	began = mono_us();
	export(db, lines);
	say("exported", began, (double)count);
	began = mono_us();
	v = audit_verifier_new(key, false);
	must(store_audit_verify(db, 1, v, &err));
	audit_verify_end(v, true, &verdict);
	say("checked in the store", began, (double)verdict.records);
	printf("faults %lld, checkpoints %lld\nopsroom audit verify %s --key %s\n", (long long)verdict.faults, (long long)verdict.checkpoints, lines, hex);
	audit_verifier_free(v);
	db_close(db);
	return verdict.faults ? 1 : 0;
}
