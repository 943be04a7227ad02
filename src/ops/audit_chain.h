/* ops/audit_chain.h -- what makes the audit trail provable: the hash of a record, the signed checkpoints, and whoever checks both.
 *
 * Each home (a channel, a group of alerts, the workspace) has a chain: a record's hash covers all its columns and the hash of the
 * record before. A checkpoint is a signed statement over all records of a workspace up to one of them, in the order of their
 * ids: how many they are, and a digest that is folded over their hashes, so that it covers each record and the head of each
 * chain. It carries the hash of the checkpoint before.
 *
 * As lines of an export, both have one form, byte for byte: what the hash does not cover is fixed, so any changed byte is
 * seen. Store and client check by the same verifier. Pure: no clock, store or network.
 */
#pragma once
#include "base/crypt.h"
#include "base/json.h"

#define AUDIT_HASH 64 /* SHA-256 as hex */
#define AUDIT_DETAIL_MAX (256 * KIB)
#define AUDIT_LINE_MAX (1 * MIB)

struct audit_record {
	int64_t home_id, seq, id, workspace_id, actor_id;
	wall_ms at;
	struct str action, via, result;
	struct str detail; /* a JSON object */
	struct str prev_hash, hash;
};

struct audit_checkpoint {
	int64_t workspace_id, no; /* from 1 */
	wall_ms at;
	int64_t last_id;          /* the newest record that it covers */
	int64_t records;          /* how many it covers, from the first on */
	struct str digest, prev_hash, hash;
	struct str signature;     /* hex, of the text that is hashed */
};

/* What the first record of a chain and the first checkpoint have for the hash before them; also the digest of no records. */
extern const char audit_chain_start[AUDIT_HASH + 1];

void audit_record_hash(const struct audit_record *r, char out[AUDIT_HASH + 1]);
/* The digest with one more record. */
void audit_digest_add(char digest[AUDIT_HASH + 1], struct str record_hash);
/* Fills hash and signature, in the arena. */
void audit_checkpoint_sign(struct arena *a, struct audit_checkpoint *c, const struct secret *seed);

/* Lines of an export, with the line feed. */
void audit_record_line(struct buf *to, const struct audit_record *r);
void audit_checkpoint_line(struct buf *to, const struct audit_checkpoint *c);

/* ---- checking ---- */

struct audit_fault {
	int64_t home_id, seq; /* home_id 0: seq is the number of a checkpoint, or 0 */
	int64_t line;         /* of the export, from 1; 0: there is none */
	struct str why;       /* "it was changed: its hash is another" */
};
#define AUDIT_FAULTS_MAX 1000 /* are kept; all are counted */

struct audit_verdict {
	int64_t records, chains, checkpoints;
	int64_t faults;                 /* 0: all is as it was written */
	const struct audit_fault *list; /* the first AUDIT_FAULTS_MAX; the verifier's */
	int64_t covered;                /* records up to the last checkpoint; those behind it nobody signed */
	int64_t last_no;                /* of the last checkpoint; 0: none */
	wall_ms last_at;
	struct str last_hash;
};

struct audit_verifier;
/* public_key NULL: signatures are not checked. part: what comes need not begin at the beginning. */
struct audit_verifier *audit_verifier_new(const uint8_t *public_key, bool part);
void audit_verifier_free(struct audit_verifier *v); /* NULL is fine */
/* Records in the order of their ids, each checkpoint behind the last record that it covers. */
void audit_verify_record(struct audit_verifier *v, const struct audit_record *r);
void audit_verify_checkpoint(struct audit_verifier *v, const struct audit_checkpoint *c);
/* The same of the next line of an export, without its line feed. */
void audit_verify_line(struct audit_verifier *v, struct str line);
/* Where the store says that a chain ends. */
void audit_verify_head(struct audit_verifier *v, int64_t home_id, int64_t seq, struct str hash);
/* heads: audit_verify_head() was called for every chain. Texts are valid until the verifier is freed. */
void audit_verify_end(struct audit_verifier *v, bool heads, struct audit_verdict *out);
