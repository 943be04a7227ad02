/* ops/access_parts.h -- what struct access is made of. For ops/access*.c alone:
 *
 *     access_file.c   reads the access file
 *     access_rule.c   reads the text of a rule as a tree
 *     access_ask.c    asks the tree about a call, and says in words what it found
 *     access.c        who somebody is, and what is decided
 */
#pragma once
#include "base/map.h"
#include "base/regex.h"
#include "ops/access.h"
#include "ops/week.h"

#define ACCESS_RULES_MAX 10000
#define ACCESS_NAME_MAX 80
#define ACCESS_REGEXES_MAX 1000
#define ROLES_MAX 256
#define ROLE_UNKNOWN ROLES_MAX
#define INCIDENT_ROLE S("incident-") /* role:incident-commander is who commands the incident */

/* ---- people ---- */

struct role_set {
	uint64_t bits[ROLES_MAX / 64];
};
static inline bool role_set_has(const struct role_set *s, size_t role)
{
	return role < ROLES_MAX && s->bits[role / 64] >> role % 64 & 1;
}

struct role_def { /* the first four are those of enum role */
	struct str name;
	struct str *perms; /* globs */
	size_t perm_count;
	struct role_set has; /* itself and all that it includes */
};

struct grant {
	struct role_set roles;
	struct str channel; /* "": everywhere */
	wall_ms until;      /* 0: for good */
};

struct group { /* of people; also who is on call for a team */
	struct str name;
	struct vec grants; /* of struct grant */
};

struct member {
	struct str name;
	struct vec groups;    /* of size_t, into access.groups */
	struct vec grants;    /* of struct grant */
	struct vec teams;     /* of struct str: on call for them by the file */
	struct member *next;  /* another with the same hash */
};

/* ---- rules ---- */

struct target {
	struct str plugin, path; /* globs */
};

enum kind { KIND_ANY, KIND_ABSENT, KIND_TEXT, KIND_NUMBER, KIND_SPAN, KIND_TIME, KIND_BOOL, KIND_RISK };

struct scalar {
	enum kind kind;
	bool whole;      /* a number that is in `number` too */
	char mark;       /* '#' a channel, '@' a person: the other side may have it before its name */
	struct str text;
	int64_t number;  /* ms, 0 or 1, enum risk */
	double real;
};

enum operand_of { OF_LITERAL, OF_PARAM, OF_PLACES, OF_FIELD, OF_ONCALL };
enum field {
	FIELD_USER, FIELD_GROUPS, FIELD_ROLES, FIELD_ROOM, FIELD_DM, FIELD_ENV, FIELD_RISK, FIELD_PLUGIN, FIELD_COMMAND,
	FIELD_INCIDENT, FIELD_SEVERITY, FIELD_INCIDENT_ROLE, FIELD_STATE, FIELD_MFA
};

struct operand {
	enum operand_of of;
	enum field field;
	enum kind kind;  /* KIND_ANY: a parameter's, known with the command */
	bool list;
	char mark;
	struct str text; /* as it is written */
	struct str name; /* of the parameter or team */
	struct scalar literal;
};

enum op { OP_TRUE, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_NOT_IN, OP_FITS, OP_FITS_NOT };
enum quantifier { FOR_ONE, FOR_ANY, FOR_ALL };
enum expr_kind { EXPR_OR, EXPR_AND, EXPR_NOT, EXPR_TEST, EXPR_TIME };

struct expr {
	enum expr_kind kind;
	struct expr *child, *next;
	enum quantifier quantifier;
	enum op op;
	struct operand left;
	struct operand *right; /* IN with a list in brackets: each of them; else one */
	size_t right_count;
	const struct regex *regex;
	struct week week;
};

enum test_kind { TEST_PERM, TEST_GROUP, TEST_ROLE, TEST_INCIDENT_ROLE };
struct test {
	enum test_kind kind;
	struct str name;
	size_t index; /* of the role; of the group, SIZE_MAX: there is none */
};

enum effect { RULE_ALLOW, RULE_DENY, RULE_REQUIRE };
struct rule {
	enum effect effect;
	struct str text; /* without comments, one blank between words */
	struct str from; /* "access.yaml:12" */
	struct target target;
	struct expr *when;   /* NULL: always */
	struct test *tests;
	size_t test_count;
	struct access_need *needs;
	size_t need_count;
};

/* Globs of commands, and where they may be run. */
struct command_limit {
	struct target target;
	struct str *channels;
	size_t channel_count;
	struct str from;
};

struct channel_rule {
	struct str name, env;
	bool limited;
	struct target *only;
	size_t only_count;
	struct str from;
};

struct access {
	struct arena arena;
	struct role_def *roles;
	size_t role_count;
	struct group *groups;
	size_t group_count;
	struct channel_rule *channels;
	size_t channel_count;
	struct command_limit *limits;
	size_t limit_count;
	struct vec rules;    /* of struct rule: the file's, then the defaults */
	struct map by_name;  /* hash of a person's name: struct member */
	struct map by_target; /* hash of target_key(): struct vec of uint32_t into rules, ascending */
	struct vec anywhere; /* the same of those whose plugin is a glob */
	struct vec regexes;  /* of struct shared_regex */
	struct vec zones;    /* of struct shared_zone */
};

struct shared_regex {
	struct str pattern;
	struct regex *regex;
};
struct shared_zone {
	struct str name;
	struct zone *zone;
};

bool glob_fits(struct str glob, struct str text); /* `*`: any number of any bytes */
bool glob_is(struct str s);
/* By its path in the plugin, and by what people type: deploy:start is deploy:deploy start too. */
static inline bool target_fits(const struct target *t, const struct command_spec *spec)
{
	return glob_fits(t->plugin, spec->plugin) && (glob_fits(t->path, spec->path) || glob_fits(t->path, spec->words));
}
/* Where the rules of a target are in by_target. */
uint64_t target_key(struct str plugin, struct str path);

size_t role_find(const struct access *a, struct str name);   /* ROLE_UNKNOWN */
size_t group_find(const struct access *a, struct str name);  /* SIZE_MAX */
struct member *member_find(const struct access *a, struct str name); /* NULL */

/* ---- access_rule.c ---- */

/* "plugin:path", "path" of any plugin; both may be globs. */
MUST_USE bool target_parse(struct access *a, struct str text, struct target *out, struct err *err);
/* Reads one rule; its words may stand in several lines, the first of which has the number `line` (0: do not say lines).
 * names: groups and roles must be those of the file. Fills all but `from`. */
MUST_USE bool rule_parse(struct access *a, struct str source, uint32_t line, bool names, struct rule *out, struct err *err);

/* ---- access_ask.c ---- */

struct person {
	struct str name;
	struct role_set roles;
	const struct member *member; /* NULL: the file does not know them */
};

struct asking {
	const struct access *a;
	const struct command_spec *spec;
	const struct typed_call *call; /* NULL: with any arguments */
	const struct access_facts *facts;
	struct person who;
};

/* What may come out; with the arguments known it is one of them. */
enum outcome { IS_TRUE = 1, IS_FALSE = 2, IS_BROKEN = 4 /* the condition makes no sense for this command */ };

/* Why the two cannot be compared so; "": they can, as far as is known (KIND_ANY). */
struct str kinds_differ(struct arena *a, enum op op, struct str left, enum kind l, struct str right, enum kind r);
unsigned expr_ask(const struct asking *q, const struct expr *e);
/* Why the outcome is what it is, with the values found. The arguments are known. */
void expr_explain(const struct asking *q, const struct expr *e, struct arena *arena, struct buf *out);
struct str env_without_call(const struct access *a, const struct access_facts *facts);
bool person_on_call(const struct access *a, const struct person *who, const struct access_facts *facts, struct str team);
