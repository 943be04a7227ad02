#include "store/schema.h"

extern const char schema_0001[], schema_0001_end[], schema_0002[], schema_0002_end[], schema_0003[], schema_0003_end[], schema_0004[], schema_0004_end[],
	schema_0005[], schema_0005_end[], schema_0006[], schema_0006_end[], schema_0007[], schema_0007_end[], schema_0008[], schema_0008_end[], schema_0009[], schema_0009_end[], schema_0010[], schema_0010_end[], schema_0011[], schema_0011_end[], schema_0012[], schema_0012_end[], schema_0013[], schema_0013_end[], schema_0014[], schema_0014_end[], schema_0015[], schema_0015_end[], schema_0016[], schema_0016_end[], schema_0017[], schema_0017_end[], schema_0018[], schema_0018_end[], schema_0019[], schema_0019_end[], schema_0020[], schema_0020_end[];

const struct migration schema_migrations[] = {
	{"0001_start", schema_0001, schema_0001_end},
	{"0002_search", schema_0002, schema_0002_end},
	{"0003_source_auth", schema_0003, schema_0003_end},
	{"0004_routing", schema_0004, schema_0004_end},
	{"0005_files", schema_0005, schema_0005_end},
	{"0006_audit", schema_0006, schema_0006_end},
	{"0007_held", schema_0007, schema_0007_end},
	{"0008_locks", schema_0008, schema_0008_end},
	{"0009_plans", schema_0009, schema_0009_end},
	{"0010_aliases", schema_0010, schema_0010_end},
	{"0011_runs", schema_0011, schema_0011_end},
	{"0012_mfa", schema_0012, schema_0012_end},
	{"0013_apps", schema_0013, schema_0013_end},
	{"0014_uploads", schema_0014, schema_0014_end},
	{"0015_run_again", schema_0015, schema_0015_end},
	{"0016_value_size", schema_0016, schema_0016_end},
	{"0017_marks", schema_0017, schema_0017_end},
	{"0018_links", schema_0018, schema_0018_end},
	{"0019_grants", schema_0019, schema_0019_end},
	{"0020_ephemeral", schema_0020, schema_0020_end},
};
const int schema_count = sizeof schema_migrations / sizeof *schema_migrations;
