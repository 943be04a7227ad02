/* ops/plugin.h -- a plugin: its manifest plugin.json, its files, and which of its versions is enabled.
 *
 * The manifest is strict JSON; what it may say is in docs/plugins.md. A key that is not known, a command without help, example or
 * rule, an example that cannot be read by its own command, a rule about somebody else's command: each is an error that names the file,
 * the line and the place. A struct plugin is immutable.
 *
 * A folder of plugins (the setting plugins_dir) is
 *
 *     NAME/VERSION/plugin.json ...   any number of versions, with their files
 *     NAME/enabled.json              {"version", "digest", "before": {"version", "digest"}}
 *     NAME/listing.json              of an rpc plugin: the commands that its server named last
 *
 * The digest is pinned when a version is enabled: files that differ from it do not run (plugin_unchanged()).
 */
#pragma once
#include "ops/access.h"

#define PLUGIN_FILE "plugin.json"
#define PLUGIN_MANIFEST_MAX (256 * KIB)
#define PLUGIN_COMMANDS_MAX 200
#define PLUGIN_RULES_MAX 500   /* of one plugin */
#define PLUGIN_EXAMPLES_MAX 20 /* of one command */
#define PLUGIN_SECRETS_MAX 32
#define PLUGIN_FILES_MAX 20000
#define PLUGIN_BYTES_MAX (256 * MIB)
#define PLUGINS_MAX 200
#define PLUGIN_OUTPUT_MOST (8 * MIB)

enum plugin_carrier {
	PLUGIN_EXEC,      /* a process for each call */
	PLUGIN_SERVE,     /* one long-lived process, JSON Lines on stdin and stdout */
	PLUGIN_CONTAINER, /* exec inside podman */
	PLUGIN_RPC,       /* signed HTTPS: Chatops RPC v3 */
};
const char *plugin_carrier_name(enum plugin_carrier carrier);

struct plugin_command {
	struct command_spec spec; /* first: a spec whose plugin is not "core" is a plugin_command */
	const struct plugin *owner;
	span_ms timeout;          /* 1 s to 1 h */
	size_t output_bytes;      /* kept of its output */
	unsigned concurrency;     /* runs at once */
	bool network;             /* the host's; otherwise none at all */
	bool takes_rows, gives_rows; /* in a pipe */
	struct str *secrets;
	size_t secret_count;
	struct str method, path;  /* rpc: what is called, and where */
	struct str *remote;       /* rpc: what the server calls its params */
	struct regex *regex;      /* rpc: what people may type instead; NULL: nothing */
};

struct plugin {
	struct arena arena;
	struct str name, version, summary;
	struct str file;          /* of the manifest, for errors */
	struct str folder;        /* "": it was read from a text alone */
	enum plugin_carrier carrier;
	struct str *program;      /* argv; container: may be empty, then the image's own */
	size_t program_count;
	struct str image;         /* container */
	struct str url, key, key_id; /* rpc: https, the name of the secret that holds the private key, what the server calls it */
	struct str *permissions;
	size_t permission_count;
	struct access_default *rules;
	size_t rule_count;
	struct plugin_command **commands;
	size_t command_count;
	struct str error_response; /* rpc: what people are told when the server fails */
	struct str manifest, listing; /* texts, to read it once more */
	struct str manifest_digest, digest; /* SHA-256 as hex: of plugin.json, of all files */
	uint64_t print;           /* of what the files looked like: names, sizes, times */
};

/* The manifest alone. file names it in errors. listing: of an rpc plugin, may be "". ERR_INVALID, ERR_TOO_BIG. */
MUST_USE struct plugin *plugin_parse(struct str text, struct str listing, const char *file, struct err *err);
/* A folder with plugin.json: the manifest, then the files: the program must be there, the digest is reckoned. */
MUST_USE struct plugin *plugin_read(const char *folder, struct str listing, struct err *err);
/* The same once more, as another object. */
struct plugin *plugin_again(const struct plugin *p);
void plugin_free(struct plugin *p); /* NULL is fine */
/* Are the files what they were when it was read? By their sizes and times. ERR_CONFLICT: a sentence for people. */
MUST_USE bool plugin_unchanged(const struct plugin *p, struct err *err);

/* The command of a spec of a plugin; NULL: it is one of ours. */
static inline const struct plugin_command *plugin_command_of(const struct command_spec *spec)
{
	return spec->runs ? NULL : (const struct plugin_command *)spec; /* runs: something else carries it out */
}

/* A line of c's examples as a call of c, whoever the people and channels in it are. set: all commands of the plugin. What stands behind
 * a | is not looked at. ERR_INVALID. */
struct command_set;
MUST_USE bool plugin_bind_example(struct arena *a, const struct command_set *set, const struct plugin_command *c, struct str line, struct typed_call *out, struct err *err);

bool plugin_name_ok(struct str name);
bool plugin_version_ok(struct str version); /* semver.org 2.0.0 */

/* ---- the folder of plugins ---- */

struct plugin_enabled {
	struct str version, digest; /* "": none is enabled */
	struct str before, before_digest; /* for the way back; "": there is none */
};
MUST_USE bool plugin_enabled_read(struct arena *a, struct str dir, struct str name, struct plugin_enabled *out, struct err *err);
MUST_USE bool plugin_enabled_write(struct arena *a, struct str dir, struct str name, const struct plugin_enabled *e, struct err *err);

/* Of an rpc plugin: in force with the next reading. */
MUST_USE bool plugin_listing_write(struct arena *a, struct str dir, struct str name, struct str listing, struct err *err);

/* The names of the plugins in dir, and the versions of one, sorted (versions as semver has it, newest last). */
MUST_USE bool plugin_names(struct arena *a, struct str dir, struct str **names, size_t *count, struct err *err);
MUST_USE bool plugin_versions(struct arena *a, struct str dir, struct str name, struct str **versions, size_t *count, struct err *err);
/* One version as it lies there; its name and version must be those of its folders. */
MUST_USE struct plugin *plugin_at(struct str dir, struct str name, struct str version, struct err *err);

/* Copies a plugin that was read from a folder of its own (without .git) to dir/NAME/VERSION: as a whole or not at all; ERR_CONFLICT: that is there.
 * It is not enabled by that. */
MUST_USE bool plugin_install(struct arena *a, const struct plugin *p, struct str dir, struct err *err);

enum plugin_change { PLUGIN_ENABLE, PLUGIN_DISABLE, PLUGIN_ROLLBACK };
/* What enabled.json would say. ENABLE: version, "": the newest. *to is the version that would be in force, NULL after DISABLE; the caller frees it.
 * ERR_NOT_FOUND, ERR_CONFLICT (disabled already; nothing to go back to), ERR_INVALID (it does not load). */
MUST_USE bool plugin_plan(struct arena *a, struct str dir, struct str name, enum plugin_change change, struct str version, struct plugin_enabled *was, struct plugin_enabled *next,
			  struct plugin **to, struct err *err);
