/* api/deliveries.h -- the last deliveries of each source: to be looked at, and to be sent once more.
 *
 * In memory only: what was accepted is in the store, this is gone after a restart. There is a list for each source, one for
 * Alertmanager's API without a key, and one for what nobody's key came with. A body that is longer than DELIVERY_BODY_MAX is
 * cut; the texts of all lists together have a ceiling, past which the oldest bodies go first, then the oldest deliveries (a
 * list itself takes 20 KiB more). What is secret is masked before it is put in (below), but for the key that stands in a
 * body: delivery_body_write() masks that.
 *
 * The work thread's alone. Nothing here knows an exchange; api/delivery_notes.h does.
 */
#pragma once
#include "base/json.h"
#include "base/time.h"
#include "net/server.h"

#define DELIVERIES_PER_SOURCE 50
#define DELIVERY_BODY_MAX (256 * KIB)
#define DELIVERIES_MAX_BYTES (16 * MIB)

/* Lists that are no source's; ids of sources are positive. */
#define DELIVERIES_UNKNOWN 0   /* no key, or one that nobody has */
#define DELIVERIES_OPEN_API -1 /* Alertmanager's API, where it asks for no key */

struct deliveries;
struct http_route;

/* One delivery. Given to deliveries_add() with borrowed texts; those of a kept one are valid until the next delivery. */
struct seen_delivery {
	int64_t id; /* new for each, also over restarts */
	int64_t source_id;
	wall_ms at, last_at; /* last_at: of the latest of several that were the same */
	uint64_t times;      /* how often the same came; from 1 */
	int status;          /* what was answered */
	unsigned alerts, changed;
	struct str why;                 /* the sentence of a refusal; "" */
	struct str from;                /* an address */
	struct str method, path;        /* without the key */
	int64_t replay_of;              /* it was sent once more from here; 0: it came from outside */
	struct str replay_by;           /* who did that */
	const struct http_route *route; /* how it came in; NULL: it was refused before it was read */
	size_t body_bytes;              /* of the whole body */
	uint64_t same;                  /* delivery_same() */
	bool unproven;           /* it lacks the signature, token or password that its source asks for */
	bool gone;                      /* the ceiling took body, headers, query and events */
	struct str query, headers /* "Name: value" with a line feed each */, body, key;
	struct str events; /* JSON: what became of it; "" for what is read by hand, or nothing */
};

/* What is known of a source over all its deliveries since the start. */
struct delivery_counts {
	uint64_t received, refused; /* received has the refused too */
	wall_ms last_at, last_error_at;
	int last_error_status;
	char last_error[384];
};

struct deliveries *deliveries_new(size_t max_bytes);
void deliveries_free(struct deliveries *d); /* NULL is fine */

/* The same again as one that is kept -- same request, same answer, and now it changed nothing -- is only counted: senders repeat
 * themselves a thousand times a second. Of *s are needed source_id, at, status, changed, why, from, route, body, body_bytes and
 * `same`, but no masked text. Answers the id of the kept one, 0 if there is none. */
int64_t deliveries_again(struct deliveries *d, const struct seen_delivery *s);
/* A hash of what a request is, raw. */
uint64_t delivery_same(struct str path, struct str query, struct str body);

/* Keeps a copy under s->id. The longest ago of a full list makes room. */
void deliveries_add(struct deliveries *d, const struct seen_delivery *s);
/* What was answered after all: the commit failed, so nothing of it is true. */
void deliveries_correct(struct deliveries *d, int64_t id, int status, struct str why);

const struct seen_delivery *deliveries_find(const struct deliveries *d,
					    int64_t id); /* NULL: it is not kept (any more) */
/* The list of a source, the latest first. Answers how many. */
size_t deliveries_list(const struct deliveries *d, int64_t source_id,
		       const struct seen_delivery *out[DELIVERIES_PER_SOURCE]);
const struct delivery_counts *deliveries_counts(const struct deliveries *d, int64_t source_id); /* never NULL */
size_t deliveries_bytes(const struct deliveries *d);

static inline bool delivery_is_cut(const struct seen_delivery *s)
{
	return !s->gone && s->body.n < s->body_bytes;
}

/* ---- what must not be shown ---- */

/* The part of a path that `arguments` of its route calls KEY, and the key itself wherever it stands, become "KEY". */
struct str delivery_path(struct arena *a, struct str path, struct str route_path, struct str arguments, struct str key);
/* The values of parameters whose names sound secret become "***". */
struct str delivery_query(struct arena *a, struct str query, struct str key);
/* The headers but those of the connection itself, a line each; those whose names sound secret, and those in which this source's
 * tool shows that it is itself (the JSON text of source.auth), have "***" for a value. */
struct str delivery_headers(struct arena *a, const struct http_request *r, struct str auth);
/* The body as a JSON text, with the key masked, and what else looks like a secret (base/mask.h). */
void delivery_body_write(struct json_out *o, struct arena *a, const struct seen_delivery *s);
