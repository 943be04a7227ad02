/* ops/source.h -- kinds of sources: what a tool's webhook means, as data.
 *
 * A kind is one YAML file, integrations/sources/TOOL.yaml: a jq program from the body (and headers) to events, and the
 * documentation that the tool's page is made from. Adding a tool is adding a file. The built-in ones are in the program;
 * a team's own lie in a folder (sources_dir) and go before them.
 *
 *     tool: pingdom                  # in the URL: /hooks/pingdom/KEY
 *     title: Pingdom
 *     setup: |                       # markdown: where to put the URL
 *     auth: {hmac: X-Hub-Signature-256, prefix: "sha256="}   # how it can sign, beside the key: header: NAME, hmac: NAME, basic: true, sns: true
 *     content_types: [application/json]   # others are refused with 415; left out: whatever net/body.h reads
 *     keys: lower                    # if the tool's users name the members as they like: names arrive in lower case
 *     keys: plain                    # or: in lower case, with _ for each dot
 *     keys: lower without nagios_    # or: the names of the body's own members arrive without that in front, too
 *     members: named _host* labels.* # see below
 *     values: otlp                   # OpenTelemetry's {"stringValue": "x"} arrive as what they hold, lists of {"key", "value"} as objects
 *     program: |                     # jq: what event_of() takes; error("...") refuses the body, no answer stores nothing
 *
 * In a program `.` is the body with its texts trimmed and what says nothing null (event_clean) -- a lone text if it is
 * neither JSON nor a form (net/body.h) --, $headers an object of the request's headers by lower-case name; and it may use
 * what integrations/prelude.jq defines.
 *
 * `members: named` is its promise to look at members by names that stand in its own text (not in the prelude's), to go through
 * no object's members (keys, to_entries, .[] of an object ...) and to answer none as a whole. Then members of other names are
 * left out, at any depth, before it runs: most of the time goes into handing a large body over. PREFIX* behind it keeps more,
 * NAME.* a member with all that is in it.
 */
#pragma once
#include "ops/event.h"

struct source_kind;

/* From a file's tree; the kind keeps copies. ERR_INVALID names the line. */
MUST_USE struct source_kind *source_kind_new(const struct json *tree, const char *file, struct err *err);
void source_kind_free(struct source_kind *k);
struct str source_kind_tool(const struct source_kind *k);
struct str source_kind_title(const struct source_kind *k);
struct str source_kind_setup(const struct source_kind *k);
struct str source_kind_file(const struct source_kind *k); /* where it was read from */

/* What the tool can send to show that it is itself; "" and false: not that. It is for the manual and for provisioning; what a
 * source asks for stands with the source (api/source_auth.h). */
struct source_can {
	struct str header;       /* a token in the header of this name */
	struct str hmac, prefix; /* the HMAC-SHA256 of the body as hex, behind the prefix, in the header of this name */
	bool basic;              /* user and password */
	bool sns;                /* Amazon SNS signs what it sends */
};
const struct source_can *source_kind_can(const struct source_kind *k);
/* May a body of this content type be read? Without `content_types` in its file any may. */
bool source_kind_takes(const struct source_kind *k, struct str content_type);
/* A name that a header can have: letters, digits and -, at most 80. */
bool source_header_ok(struct str name);

/* Compiles its program now instead of with the first body. ERR_INVALID: file and line of the mistake. */
MUST_USE bool source_kind_compile(struct source_kind *k, struct err *err);

struct source_reading {
	struct event *events;
	size_t count;
	struct str confirm_url; /* an SNS subscription asks to be confirmed here; "" otherwise */
};

/* What a body means. Changes the tree (event_clean). raw: the bytes, for keys of last resort. headers: an object, or NULL.
 *
 * ERR_INVALID   the program refuses the body, in its words
 * ERR_TOO_MANY  over EVENTS_PER_BODY events
 * ERR_INTERNAL, ERR_UNAVAILABLE  as of jq_apart_run(), with the file in front */
MUST_USE bool source_read(struct source_kind *k, struct arena *a, struct json *body, const struct json *headers, struct str raw,
			  struct source_reading *out, struct err *err);

/* The built-in ones, by the order of their names. NULL: no such tool. */
struct source_kind *source_builtin(struct str tool);
size_t source_builtin_count(void);
struct str source_builtin_name(size_t i);

/* ---- a team's own: the *.yaml of a folder ---- */
struct source_folder;

/* Reads and compiles all of them. NULL: one of them is wrong, or two are of the same tool; *err names file and line. dir "":
 * an empty table. It may be made on another thread than it is used on. */
MUST_USE struct source_folder *source_folder_read(struct str dir, struct err *err);
void source_folder_free(struct source_folder *f); /* NULL is fine */
/* Once, before its kinds are used: their programs then run in processes of their own, with a limit in time and memory
 * (base/jq_apart.h). The built-in ones are tested and need none. The executable must know JQ_APART_ARGUMENT. */
void source_folder_set_apart(struct source_folder *f);
size_t source_folder_count(const struct source_folder *f); /* NULL has none */
struct source_kind *source_folder_at(const struct source_folder *f, size_t i);
struct source_kind *source_folder_find(const struct source_folder *f, struct str tool); /* NULL: none */

/* The folder's, else the built-in one. own NULL: no folder. */
struct source_kind *source_find(const struct source_folder *own, struct str tool);
