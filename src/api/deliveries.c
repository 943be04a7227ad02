#include "api/deliveries.h"

#include "base/map.h"
#include "base/mask.h"

#define KEY_LEAST 16  /* keys of ours have 32; what is shorter than this would be found in many a word */
#define LIKE_A_KEY 28 /* a part of a path that is as long as this is no tool's name */
#define MASK S("***")

struct kept {
	struct seen_delivery s;
	struct kept *older, *newer; /* of all lists, as they came */
	struct list *list;
	char *line, *content;             /* what s points into; content goes first */
	size_t line_bytes, content_bytes; /* as much as they have room for; line_bytes 0: this place is free */
};

/* What is looked through for each delivery stands apart and together. */
struct list {
	uint64_t same[DELIVERIES_PER_SOURCE];
	wall_ms last_at[DELIVERIES_PER_SOURCE]; /* 0: this place is free */
	struct delivery_counts counts;
	struct kept kept[DELIVERIES_PER_SOURCE];
};

struct deliveries {
	struct map lists; /* source id -> struct list */
	struct kept *oldest, *newest;
	struct kept *oldest_whole; /* NULL: no content is left */
	size_t bytes, max_bytes;
};

struct deliveries *deliveries_new(size_t max_bytes)
{
	struct deliveries *d = mem_new(sizeof *d);

	d->max_bytes = max_bytes;
	return d;
}

static struct list *list_find(const struct deliveries *d, int64_t source_id)
{
	return map_get(&d->lists, (uint64_t)source_id);
}

static struct list *list_of(struct deliveries *d, int64_t source_id)
{
	struct list *l = list_find(d, source_id);

	if (l)
		return l;
	l = mem_new(sizeof *l);
	for (size_t i = 0; i < DELIVERIES_PER_SOURCE; i++)
		l->kept[i].list = l;
	map_put(&d->lists, (uint64_t)source_id, l);
	return l;
}

/* ---- memory ---- */

/* A block that is about as large as is needed is used again: nearly all deliveries of a source are of one size. */
static char *block_for(struct deliveries *d, char *block, size_t *has, size_t needs)
{
	if (block && *has >= needs && *has <= 2 * needs + 256)
		return block;
	d->bytes += needs - *has;
	*has = needs;
	mem_free(block);
	return mem_grow(NULL, needs);
}

/* Copies the texts into one block and lets them point there. */
static char *texts_own(struct deliveries *d, char *block, size_t *has, struct str *const *texts, size_t count)
{
	size_t needs = 1;
	char *at;

	for (size_t i = 0; i < count; i++)
		needs += texts[i]->n;
	at = block = block_for(d, block, has, needs);
	for (size_t i = 0; i < count; i++) {
		if (texts[i]->n)
			memcpy(at, texts[i]->p, texts[i]->n);
		texts[i]->p = at;
		at += texts[i]->n;
	}
	return block;
}

static void line_own(struct deliveries *d, struct kept *k)
{
	struct str *line[] = {&k->s.why, &k->s.from, &k->s.method, &k->s.path, &k->s.replay_by};

	k->line = texts_own(d, k->line, &k->line_bytes, line, COUNT_OF(line));
}

static void content_own(struct deliveries *d, struct kept *k)
{
	struct str *content[] = {&k->s.query, &k->s.headers, &k->s.body, &k->s.key, &k->s.events};

	k->content = texts_own(d, k->content, &k->content_bytes, content, COUNT_OF(content));
}

static void block_drop(struct deliveries *d, char **block, size_t *has)
{
	d->bytes -= *has;
	mem_free(*block);
	*block = NULL;
	*has = 0;
}

static void content_drop(struct deliveries *d, struct kept *k)
{
	if (d->oldest_whole == k)
		d->oldest_whole = k->newer;
	block_drop(d, &k->content, &k->content_bytes);
	k->s.gone = true;
	k->s.query = k->s.headers = k->s.body = k->s.key = k->s.events = S("");
}

/* Out of the order of all; its memory stays for the next in its place. */
static void unlink_kept(struct deliveries *d, struct kept *k)
{
	if (d->oldest_whole == k)
		d->oldest_whole = k->newer;
	*(k->older ? &k->older->newer : &d->oldest) = k->newer;
	*(k->newer ? &k->newer->older : &d->newest) = k->older;
}

static void kept_drop(struct deliveries *d, struct kept *k)
{
	unlink_kept(d, k);
	block_drop(d, &k->content, &k->content_bytes);
	block_drop(d, &k->line, &k->line_bytes);
	k->list->last_at[k - k->list->kept] = 0;
}

static void keep_under_ceiling(struct deliveries *d)
{
	while (d->bytes > d->max_bytes && d->oldest_whole)
		content_drop(d, d->oldest_whole);
	while (d->bytes > d->max_bytes && d->oldest)
		kept_drop(d, d->oldest);
}

void deliveries_free(struct deliveries *d)
{
	void *list;

	if (!d)
		return;
	while (d->oldest)
		kept_drop(d, d->oldest);
	for (size_t at = 0; map_next(&d->lists, &at, &list);)
		mem_free(list);
	map_done(&d->lists);
	mem_free(d);
}

/* ---- keeping ---- */

static void count(struct delivery_counts *c, const struct seen_delivery *s)
{
	struct str why = str_clip(s->why, sizeof c->last_error - 1);

	c->received++;
	c->last_at = s->at;
	if (s->status < 400)
		return;
	c->refused++;
	c->last_error_at = s->at;
	c->last_error_status = s->status;
	memcpy(c->last_error, why.n ? why.p : "", why.n);
	c->last_error[why.n] = '\0';
}

/* Eight bytes a step: it runs over each body that comes. It is no secret; the bodies themselves are compared, too. */
static uint64_t hash_add(uint64_t h, struct str s)
{
	uint64_t part = 0;
	size_t i = 0;

	h ^= s.n;
	for (; i + 8 <= s.n; i += 8) {
		memcpy(&part, s.p + i, 8);
		h = (h ^ part) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	part = 0;
	if (i < s.n)
		memcpy(&part, s.p + i, s.n - i);
	return (h ^ part) * 0xbf58476d1ce4e5b9ull;
}

uint64_t delivery_same(struct str path, struct str query, struct str body)
{
	if (body.n > DELIVERY_BODY_MAX)
		body.n = DELIVERY_BODY_MAX;
	return hash_add(hash_add(hash_add(1, path), query), body);
}

static bool is_same(const struct seen_delivery *a, const struct seen_delivery *b)
{
	return !a->gone && a->status == b->status && a->route == b->route && a->body_bytes == b->body_bytes &&
	       a->body_bytes == a->body.n && !a->replay_of && str_eq(a->body, b->body) && str_eq(a->why, b->why) &&
	       str_eq(a->from, b->from);
}

int64_t deliveries_again(struct deliveries *d, const struct seen_delivery *s)
{
	struct list *l = list_find(d, s->source_id);

	if (!l || s->changed)
		return 0;
	for (size_t i = 0; i < DELIVERIES_PER_SOURCE; i++) {
		struct kept *k = &l->kept[i];

		if (l->same[i] != s->same || !l->last_at[i] || !is_same(&k->s, s))
			continue;
		count(&l->counts, s);
		k->s.times++;
		k->s.last_at = l->last_at[i] = s->at;
		return k->s.id;
	}
	return 0;
}

/* A free place, or that of the one that came last the longest ago. */
static struct kept *place_for(struct deliveries *d, struct list *l)
{
	size_t best = 0;

	for (size_t i = 1; i < DELIVERIES_PER_SOURCE; i++)
		if (l->last_at[i] < l->last_at[best] ||
		    (l->last_at[i] == l->last_at[best] && l->kept[i].s.id < l->kept[best].s.id))
			best = i;
	if (l->last_at[best])
		unlink_kept(d, &l->kept[best]);
	return &l->kept[best];
}

void deliveries_add(struct deliveries *d, const struct seen_delivery *s)
{
	struct list *l = list_of(d, s->source_id);
	struct kept *k = place_for(d, l);
	size_t place = (size_t)(k - l->kept);

	count(&l->counts, s);
	k->s = *s;
	if (k->s.body.n > DELIVERY_BODY_MAX)
		k->s.body.n = DELIVERY_BODY_MAX;
	k->s.path = str_clip(s->path, 1000);
	k->s.times = 1;
	k->s.last_at = l->last_at[place] = s->at;
	l->same[place] = s->same;
	line_own(d, k);
	content_own(d, k);
	k->newer = NULL;
	k->older = d->newest;
	*(d->newest ? &d->newest->newer : &d->oldest) = k;
	d->newest = k;
	if (!d->oldest_whole)
		d->oldest_whole = k;
	keep_under_ceiling(d);
}

static struct kept *kept_find(const struct deliveries *d, int64_t id)
{
	struct kept *k = d->newest;

	while (k && k->s.id != id)
		k = k->older;
	return k;
}

void deliveries_correct(struct deliveries *d, int64_t id, int status, struct str why)
{
	struct kept *k = kept_find(d, id);
	struct seen_delivery fixed;
	char *before;

	if (!k)
		return;
	fixed = k->s;
	fixed.at = k->s.last_at;
	fixed.status = status;
	fixed.why = why;
	k->list->counts.received--; /* count() counts it once more, as what it was */
	count(&k->list->counts, &fixed);
	if (k->s.times > 1) /* the others may have gone well */
		return;
	fixed.alerts = fixed.changed = 0;
	fixed.events = S("");
	k->s = fixed;
	before = k->line; /* the texts are still there */
	d->bytes -= k->line_bytes;
	k->line = NULL;
	k->line_bytes = 0;
	line_own(d, k);
	mem_free(before);
}

const struct seen_delivery *deliveries_find(const struct deliveries *d, int64_t id)
{
	struct kept *k = kept_find(d, id);

	return k ? &k->s : NULL;
}

size_t deliveries_list(const struct deliveries *d, int64_t source_id,
		       const struct seen_delivery *out[DELIVERIES_PER_SOURCE])
{
	const struct list *l = list_find(d, source_id);
	size_t n = 0;

	for (size_t i = 0; l && i < DELIVERIES_PER_SOURCE; i++) {
		const struct seen_delivery *s = &l->kept[i].s;
		size_t at = n;

		if (!l->last_at[i])
			continue;
		for (; at > 0 && (out[at - 1]->last_at < s->last_at ||
				  (out[at - 1]->last_at == s->last_at && out[at - 1]->id < s->id));
		     at--)
			out[at] = out[at - 1];
		out[at] = s;
		n++;
	}
	return n;
}

const struct delivery_counts *deliveries_counts(const struct deliveries *d, int64_t source_id)
{
	static const struct delivery_counts none;
	const struct list *l = list_find(d, source_id);

	return l ? &l->counts : &none;
}

size_t deliveries_bytes(const struct deliveries *d)
{
	return d->bytes;
}

/* ---- what must not be shown ---- */

static struct str masked(struct arena *a, struct str text, struct str key, struct str mask)
{
	struct buf b;
	size_t at;

	if (key.n < KEY_LEAST || !str_find(text, key, &at))
		return text;
	buf_init(&b, text.n + 16);
	do {
		buf_add(&b, str_n(text.p, at));
		buf_add(&b, mask);
		text = str_n(text.p + at + key.n, text.n - at - key.n);
	} while (str_find(text, key, &at));
	buf_add(&b, text);
	return buf_keep(a, &b);
}

/* Do the parts of a path that a route says have a KEY among them? */
static bool has_key_part(struct str arguments)
{
	struct str part;

	while (arguments.n) {
		arguments = str_cut(arguments, '/', &part);
		if (str_is(part, "KEY"))
			return true;
	}
	return false;
}

struct str delivery_path(struct arena *a, struct str path, struct str route_path, struct str arguments, struct str key)
{
	struct str rest, part, name;
	struct buf b;

	if (!has_key_part(arguments) || !str_starts(path, route_path))
		return masked(a, path, key, S("KEY"));
	buf_init(&b, path.n * 3 + 16); /* a part of one byte becomes three */
	buf_add(&b, route_path);
	rest = str_n(path.p + route_path.n, path.n - route_path.n);
	while (rest.n) {
		bool more = memchr(rest.p, '/', rest.n) != NULL;

		rest = str_cut(rest, '/', &part);
		arguments = str_cut(arguments, '/', &name);
		/* Who leaves the tool out puts the key in its place. */
		buf_add(&b, part.n && (str_is(name, "KEY") || part.n >= LIKE_A_KEY) ? S("KEY") : part);
		if (more)
			buf_char(&b, '/');
	}
	return masked(a, buf_keep(a, &b), key, S("KEY"));
}

struct str delivery_query(struct arena *a, struct str query, struct str key)
{
	struct str one, name;
	struct buf b;

	if (!query.n)
		return query;
	buf_init(&b, query.n * 4 + 16);
	while (query.n) {
		query = str_cut(query, '&', &one);
		str_cut(one, '=', &name);
		buf_add(&b, b.n ? S("&") : S(""));
		buf_add(&b, name.n < one.n && mask_name_broad(name) ? arena_printf(a, STR_FMT "=***", STR_ARG(name))
								     : one);
	}
	return masked(a, buf_keep(a, &b), key, MASK);
}

/* Of the connection, not of what is delivered. */
static bool is_of_the_connection(struct str name)
{
	static const struct str names[] = {{"Host", 4},
					   {"Accept", 6},
					   {"Expect", 6},
					   {"Connection", 10},
					   {"Content-Length", 14},
					   {"Accept-Encoding", 15},
					   {"Transfer-Encoding", 17}};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (name.n == names[i].n && str_eq_nocase(name, names[i]))
			return true;
	return false;
}

static bool is_secret(struct str name, struct str header, struct str hmac)
{
	if (str_eq_nocase(name, S("Content-Type")) || str_eq_nocase(name, S("User-Agent"))) /* nearly all there are */
		return false;
	return str_eq_nocase(name, header) || str_eq_nocase(name, hmac) || mask_name_broad(name);
}

static char *put(char *at, struct str s)
{
	memcpy(at, s.p, s.n);
	return at + s.n;
}

struct str delivery_headers(struct arena *a, const struct http_request *r, struct str auth)
{
	struct err ignored = {0};
	const struct json *asked = auth.n ? json_parse(a, auth, JSON_STRICT, &ignored) : NULL;
	struct str header = json_get_str(asked, "header"), hmac = json_get_str(asked, "hmac");
	size_t room = 0;
	char *text, *at;

	for (size_t i = 0; i < r->header_count; i++)
		room += r->headers[i].name.n + r->headers[i].value.n + MASK.n + 3;
	at = text = arena_alloc(a, room + 1);
	for (size_t i = 0; i < r->header_count; i++) {
		const struct http_header *h = &r->headers[i];

		if (is_of_the_connection(h->name))
			continue;
		at = put(at, h->name);
		at = put(at, S(": "));
		at = put(at, is_secret(h->name, header, hmac) ? MASK : h->value);
		*at++ = '\n';
	}
	return str_n(text, (size_t)(at - text));
}

void delivery_body_write(struct json_out *o, struct arena *a, const struct seen_delivery *s)
{
	json_put_str(o, mask_text(a, masked(a, s->body, s->key, MASK)));
}
