/* ops/access.h -- who may run which command, when: roles, groups, grants and rules of the access file.
 *
 * Rules only: what is asked about is a typed call (ops/command_spec.h) and facts about who asks, from where, when. Deny by
 * default: a deny that fits wins; else every require that fits must be met; else one allow must fit; if none does, no.
 * struct access is immutable; a reload swaps it as a whole.
 */
#pragma once
#include "ops/command_spec.h"
#include "ops/model.h"

struct access;

/* A rule that a command brings along: of a row of commands.def, or of a plugin's manifest. */
struct access_default {
	struct str text; /* "allow deploy:start need role operator" */
	struct str from; /* where it stands: "commands.def", "plugins/deploy/plugin.json" */
};

/* tree: the access file as YAML (base/yaml.h); NULL: there is none. file names it in errors, with the line. ERR_INVALID. */
MUST_USE struct access *access_new(const struct json *tree, const char *file, const struct access_default *defaults, size_t count, struct err *err);
void access_free(struct access *a); /* NULL is fine */

struct access_facts {
	int64_t user_id;
	struct str user;      /* the name, which never changes */
	enum role role;       /* of the account; grants may add more */
	struct str channel;   /* its name without #; "": nowhere, or a direct message */
	bool dm;
	wall_ms now;
	wall_ms mfa_at;       /* when the person last gave a second factor; 0: never */
	struct str env;       /* "": as the access file says of the channel, or the call's own env */
	bool has_incident;
	int64_t incident_severity; /* 1 is the worst */
	struct str incident_state, incident_role;
	bool (*on_call)(void *context, struct str team, int64_t user_id); /* NULL: nobody is, but for the access file's on_call */
	void *context;
};

enum need_kind { NEED_CONFIRM, NEED_REASON, NEED_MFA, NEED_APPROVAL };

struct access_need {
	enum need_kind kind;
	span_ms age;          /* MFA: younger than */
	/* APPROVAL */
	unsigned approvers;   /* distinct people */
	struct str *sets;     /* "group:release", "role:operator", "oncall:payments", "user:ann" */
	size_t set_count;
	bool not_requester;   /* always true unless the rule says otherwise */
	span_ms within;       /* to decide; 0: as the settings say */
	span_ms valid;        /* the same call may be repeated so long; 0: once */
	struct str channel;   /* where it is asked; "": where it was said */
	struct str rule;      /* the text of the rule that asks */
};

struct verdict {
	bool allowed;         /* once the needs are met */
	struct str rule;      /* the rule that allows or denies; "": none fits */
	struct str why;       /* of a refusal: a sentence for the person, without a full stop */
	struct access_need *needs;
	size_t need_count;
};

/* Everything in the arena. */
void access_decide(const struct access *a, struct arena *arena, const struct typed_call *call, const struct access_facts *facts, struct verdict *out);

struct rule_trace {
	struct str text, from; /* the rule, "access.yaml:12" */
	bool fits;             /* target and condition */
	struct str why;        /* "false: opt.env is \"dev\"", "true", "another command" */
};
/* The same with each rule whose target is the command, in the order of the file. */
void access_explain(const struct access *a, struct arena *arena, const struct typed_call *call, const struct access_facts *facts, struct verdict *out,
		    struct rule_trace **rules, size_t *count);

/* May the command be run at all by this person, with some arguments? For help and completion: a deny or a channel's limit that holds
 * whatever the arguments, or no allow that could fit, is a no. */
bool access_could(const struct access *a, const struct command_spec *spec, const struct access_facts *facts);

/* Is the person in one of the sets of an approval? */
bool access_in_sets(const struct access *a, const struct str *sets, size_t count, const struct access_facts *facts);
/* Has the person the role, by account or by grant? */
bool access_has_role(const struct access *a, struct str role, const struct access_facts *facts);
/* Has the person the permission, by a role of the account or of a grant? */
bool access_has_perm(const struct access *a, struct str perm, const struct access_facts *facts);
/* The environment of a call: facts.env, its own parameter env, the channel's. */
struct str access_env(const struct access *a, const struct typed_call *call, const struct access_facts *facts);
/* The whole, as members of an open object: rules, roles, groups, members, grants, channels, commands. */
void access_write(const struct access *a, struct json_out *o);
/* The groups, roles and permissions of a person as JSON members "groups", "roles", "perms" of an open object. */
void access_write_person(const struct access *a, struct json_out *o, const struct access_facts *facts);
