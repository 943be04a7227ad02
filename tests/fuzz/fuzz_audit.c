/* Lines of an export of the audit trail. Whatever they are, the verifier counts and ends; what it took for whole is, byte for
 * byte, what is written again. */
#include "fuzz.h"
#include "ops/audit_chain.h"

static void check(struct str in, bool part)
{
	struct audit_verifier *v = audit_verifier_new((const uint8_t *)"a key of thirty-two bytes, or so", part);
	struct audit_verdict verdict;
	struct str rest = in, line;
	int64_t lines = 0;

	for (; rest.n; lines++) {
		rest = str_cut(rest, '\n', &line);
		audit_verify_line(v, line);
	}
	audit_verify_end(v, false, &verdict);
	need(verdict.records + verdict.checkpoints <= lines && verdict.chains <= verdict.records && verdict.covered <= verdict.records);
	for (int64_t i = 0; i < verdict.faults && i < AUDIT_FAULTS_MAX; i++)
		need(verdict.list[i].why.n && verdict.list[i].line > 0 && verdict.list[i].line <= lines);
	audit_verifier_free(v);
}

/* A record of any text goes through a line unchanged. */
static void round_trip(struct str in)
{
	struct audit_record r = {.home_id = (int64_t)in.n, .seq = 1, .id = 1, .workspace_id = 1, .prev_hash = str_of(audit_chain_start), .detail = in, .action = str_clip(in, 20)};
	struct audit_verifier *v = audit_verifier_new(NULL, false);
	struct audit_verdict verdict;
	char hash[AUDIT_HASH + 1];
	struct buf b;

	buf_init(&b, 16 * MIB);
	audit_record_hash(&r, hash);
	r.hash = str_of(hash);
	audit_record_line(&b, &r);
	need(b.n && b.p[b.n - 1] == '\n' && !memchr(b.p, '\n', b.n - 1));
	audit_verify_line(v, str_n(b.p, b.n - 1));
	audit_verify_end(v, false, &verdict);
	need(verdict.faults == 0 && verdict.records == 1);
	audit_verifier_free(v);
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size);
	struct err err = {0};

	need(crypt_start(&err));
	check(in, size % 2);
	round_trip(in);
	free((char *)in.p);
	return 0;
}
