/* store/schema.h -- the numbered migrations, in order; forward only, never edited after a release. */
#pragma once

struct migration {
	const char *name;
	const char *sql, *sql_end;
};
extern const struct migration schema_migrations[];
extern const int schema_count;
