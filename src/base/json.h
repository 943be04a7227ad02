/* base/json.h -- a strict JSON reader into an arena, and a writer.
 *
 * The reader (RFC 8259) makes a tree of `struct json`; texts are views into the source where they have no escape, so the
 * source must live as long as the tree. It refuses what jansson refuses: bad UTF-8, lone surrogates, U+0000, raw control
 * characters, numbers that do not fit, text behind the value; and repeated keys, unless the caller lets the last one win.
 * It does not recurse.
 */
#pragma once
#include "base/time.h"

#define JSON_MAX_DEPTH 64
#define JSON_MAX_KEYS 4096 /* per object */

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INT, JSON_REAL, JSON_STR, JSON_ARRAY, JSON_OBJECT };
enum json_flags { JSON_STRICT = 0, JSON_LAST_KEY_WINS = 1 };

struct json {
	uint8_t type;         /* enum json_type */
	uint32_t count;       /* members of an array or object */
	uint32_t key_hash;
	uint32_t line;        /* YAML: where it stands; 0 for JSON */
	struct json *next;    /* the next member of the same array or object */
	struct json *child;   /* the first member */
	struct str key;       /* in an object */
	struct str text;      /* JSON_STR: the decoded text; others: the bytes as they stood in the source */
	union {
		int64_t i;
		double d;
	};
};

/* Reads one value; NULL and *err (ERR_INVALID with line and column, ERR_TOO_BIG past a limit) if it is not one. */
MUST_USE struct json *json_parse(struct arena *a, struct str source, enum json_flags flags, struct err *err);

/* For senders that write almost JSON: the text with bytes that are no UTF-8 and escapes of lone surrogates as U+FFFD, and
 * without U+0000. The source itself if nothing is wrong. */
struct str json_mend(struct arena *a, struct str source);

/* All of these take NULL and a wrong type for "not there". */
struct json *json_get(const struct json *object, const char *key);
struct str json_str(const struct json *v);                    /* "" if it is not a text */
struct str json_get_str(const struct json *object, const char *key);
int64_t json_get_int(const struct json *object, const char *key, int64_t otherwise); /* also from "12" and 12.0 */
bool json_get_bool(const struct json *object, const char *key, bool otherwise); /* also "true" "false" "1" "0" 1 0 */
static inline bool json_is(const struct json *v, enum json_type type)
{
	return v && v->type == type;
}

/* The writer appends to a buf. Commas are its business; balance is the caller's. */
struct json_out {
	struct buf *to;
	bool comma;
};

static inline struct json_out json_out(struct buf *to)
{
	return (struct json_out){to, false};
}
void json_open(struct json_out *o, char bracket);  /* '{' or '[' */
void json_close(struct json_out *o, char bracket); /* '}' or ']' */
void json_key(struct json_out *o, const char *key);
void json_key_str(struct json_out *o, struct str key); /* a key from outside: escaped */
void json_put_str(struct json_out *o, struct str s);   /* escaped; U+0000 and bytes that are no UTF-8 become U+FFFD */
void json_put_int(struct json_out *o, int64_t v);
void json_put_real(struct json_out *o, double v);
void json_put_bool(struct json_out *o, bool v);
void json_put_null(struct json_out *o);
void json_put_raw(struct json_out *o, struct str json); /* already JSON */
void json_put(struct json_out *o, const struct json *v); /* a tree, compact; keys in their order */

/* key and value in one */
void json_add_str(struct json_out *o, const char *key, struct str v);
void json_add_int(struct json_out *o, const char *key, int64_t v);
void json_add_bool(struct json_out *o, const char *key, bool v);
void json_add_raw(struct json_out *o, const char *key, struct str json);
void json_add_wall(struct json_out *o, const char *key, wall_ms at); /* RFC 3339, as wall_write() */
