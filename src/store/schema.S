/* The migrations, as they are. schema.c names them. */
	.section .rodata
	.global schema_0001, schema_0001_end, schema_0002, schema_0002_end, schema_0003, schema_0003_end, schema_0004, schema_0004_end, schema_0005, schema_0005_end, schema_0006, schema_0006_end, schema_0007, schema_0007_end, schema_0008, schema_0008_end, schema_0009, schema_0009_end, schema_0010, schema_0010_end, schema_0011, schema_0011_end, schema_0012, schema_0012_end, schema_0013, schema_0013_end, schema_0014, schema_0014_end, schema_0015, schema_0015_end, schema_0016, schema_0016_end, schema_0017, schema_0017_end, schema_0018, schema_0018_end, schema_0019, schema_0019_end, schema_0020, schema_0020_end
schema_0001:
	.incbin "store/schema/0001_start.sql"
schema_0001_end:
schema_0002:
	.incbin "store/schema/0002_search.sqlite.sql"
schema_0002_end:
schema_0003:
	.incbin "store/schema/0003_source_auth.sql"
schema_0003_end:
schema_0004:
	.incbin "store/schema/0004_routing.sql"
schema_0004_end:
schema_0005:
	.incbin "store/schema/0005_files.sql"
schema_0005_end:
schema_0006:
	.incbin "store/schema/0006_audit.sql"
schema_0006_end:
schema_0007:
	.incbin "store/schema/0007_held.sql"
schema_0007_end:
schema_0008:
	.incbin "store/schema/0008_locks.sql"
schema_0008_end:
schema_0009:
	.incbin "store/schema/0009_plans.sql"
schema_0009_end:
schema_0010:
	.incbin "store/schema/0010_aliases.sql"
schema_0010_end:
schema_0011:
	.incbin "store/schema/0011_runs.sql"
schema_0011_end:
schema_0012:
	.incbin "store/schema/0012_mfa.sql"
schema_0012_end:
schema_0013:
	.incbin "store/schema/0013_apps.sql"
schema_0013_end:
schema_0014:
	.incbin "store/schema/0014_uploads.sql"
schema_0014_end:
schema_0015:
	.incbin "store/schema/0015_run_again.sql"
schema_0015_end:
schema_0016:
	.incbin "store/schema/0016_value_size.sql"
schema_0016_end:
schema_0017:
	.incbin "store/schema/0017_marks.sql"
schema_0017_end:
schema_0018:
	.incbin "store/schema/0018_links.sql"
schema_0018_end:
schema_0019:
	.incbin "store/schema/0019_grants.sql"
schema_0019_end:
schema_0020:
	.incbin "store/schema/0020_ephemeral.sql"
schema_0020_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
