/* A TZif file, and behind it (after a line "---") a list of time intervals as YAML. A zone answers every instant, and its clock
 * leads back; an interval that is written reads as the same, and turns where its answer does. */
#include "base/yaml.h"
#include "base/zone.h"
#include "fuzz.h"
#include "ops/interval.h"

static const wall_ms instants[] = {
	INT64_MIN,     -62135596800000, -2208988800001,  -1,       0, 1792890000000, 1793000000123,
	2145916800000, 4102444800000,   253402300799999, INT64_MAX};

static void ask_zone(const struct zone *z, wall_ms at)
{
	struct civil c = zone_civil(z, at);
	wall_ms next = zone_next_change(z, at), whole;

	need(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31 && c.hour >= 0 && c.hour < 24);
	need(c.weekday >= 0 && c.weekday < 7);
	need(zone_offset(z, at) > -26 * 3600 && zone_offset(z, at) < 26 * 3600);
	if (at <= -62135596800000 || at >= 253402300799999)
		return;
	whole = at - (at % SECOND + SECOND) % SECOND;
	need(zone_wall(z, c, ZONE_FIRST) <= whole && zone_wall(z, c, ZONE_LAST) >= whole);
	if (next) {
		need(next > at);
		need(zone_offset(z, next) != zone_offset(z, next - 1) &&
		     zone_offset(z, next - 1) == zone_offset(z, at));
	}
}

static void try_zone(struct str tzif)
{
	struct err err = {0};
	struct zone *z = zone_parse(tzif, &err);

	need(z ? err.code == ERR_NONE : err.code && err.text[0]);
	for (size_t i = 0; z && i < COUNT_OF(instants); i++)
		ask_zone(z, instants[i]);
	zone_free(z);
}

static struct str written(struct arena *a, const struct interval *i)
{
	struct buf b;
	struct json_out o = json_out(&b);

	buf_init(&b, 4 * MIB);
	interval_write(&o, i);
	return buf_keep(a, &b);
}

static void try_again(struct arena *a, const struct interval *i)
{
	struct err err = {0};
	struct str text = written(a, i);
	struct interval *back = interval_new(json_parse(a, text, JSON_STRICT, &err), &err);

	need(back && str_eq(written(a, back), text));
	for (size_t k = 0; k < COUNT_OF(instants); k++)
		need(interval_holds(i, instants[k]) == interval_holds(back, instants[k]));
	interval_free(back);
}

static void try_interval(struct arena *a, struct str yaml)
{
	struct err err = {0};
	const struct json *list = yaml_parse(a, yaml, "fuzz", &err);
	struct interval *i;
	wall_ms turn;

	if (!list)
		return;
	i = interval_new(list, &err);
	need(i ? err.code == ERR_NONE : err.code && err.text[0]);
	if (!i)
		return;
	try_again(a, i);
	for (size_t k = 0; k < COUNT_OF(instants); k++) {
		turn = interval_turns(i, instants[k]);
		need(!turn || (turn > instants[k] && interval_holds(i, turn) != interval_holds(i, instants[k]) &&
			       interval_holds(i, turn - 1) == interval_holds(i, instants[k])));
	}
	interval_free(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = own_copy(data, size), tzif = in, yaml = str_n(in.p + in.n, 0);
	struct arena a;
	size_t at;

	arena_init(&a);
	if (str_find(in, S("\n---\n"), &at)) {
		tzif = str_n(in.p, at + 1);
		yaml = str_n(in.p + at + 5, in.n - at - 5);
	}
	try_zone(tzif);
	try_interval(&a, yaml);
	arena_done(&a);
	free((char *)in.p);
	return 0;
}
