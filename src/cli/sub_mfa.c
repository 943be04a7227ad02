/* mfa: the second factor. Codes are asked for, never given as arguments: those stand in the shell's history and in the list of processes. */
#include "cli/cli.h"

static bool give_code(struct cli *c, const char *question, const char *method, struct str path, struct json **answer, struct err *err)
{
	struct str code;

	return ask_person(c, question, false, &code, err) && call(c, method, path, json_of(c, (const struct pair[]){{"code", code}}, 1), answer, err);
}

bool sub_mfa_status(struct cli *c, struct err *err)
{
	struct json *v;
	struct str given;

	if (!call(c, "GET", S("/v1/mfa"), S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	if (!json_get_bool(v, "enrolled", false)) {
		say_line(c, S("No second factor: opsroom mfa enrol makes one"));
		return true;
	}
	given = age_of(c, json_get_str(v, "given_at"));
	say_line(c, arena_printf(&c->arena, "A second factor, with %lld recovery codes left; %s" STR_FMT "%s", (long long)json_get_int(v, "recovery_codes_left", 0),
				 given.n ? "a code was given with this token " : "no code was given with this token", STR_ARG(given), given.n ? " ago" : ""));
	return true;
}

bool sub_mfa_enrol(struct cli *c, struct err *err)
{
	const struct json *codes;
	struct json *v;

	if (!call(c, "POST", S("/v1/mfa/enrol"), S("{}"), &v, err))
		return false;
	if (c->json)
		(void)say_json(v);
	else
		say_line(c, arena_printf(&c->arena, "Add this to your authenticator, by hand or as an address; it is shown this once:\n  " STR_FMT "\n  " STR_FMT,
					 STR_ARG(json_get_str(v, "secret")), STR_ARG(json_get_str(v, "uri"))));
	fflush(stdout);
	if (!give_code(c, "The code that it shows", "POST", S("/v1/mfa/confirm"), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_line(c, S("Your second factor counts from now on. For when it is lost, ten codes, each of which counts once; they are shown this once:"));
	codes = json_get(v, "recovery_codes");
	for (const struct json *k = codes ? codes->child : NULL; k; k = k->next)
		say_line(c, arena_printf(&c->arena, "  " STR_FMT, STR_ARG(json_str(k))));
	return true;
}

bool sub_mfa_stepup(struct cli *c, struct err *err)
{
	struct json *v;

	if (!give_code(c, "Code", "POST", S("/v1/mfa"), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_line(c, S("Right: what asks for a second factor may run with this token now"));
	return true;
}

bool sub_mfa_reset(struct cli *c, struct err *err)
{
	const struct query q[] = {{"user", option(c, "--user")}};
	struct str path = path_with(c, "/v1/mfa", q, 1);
	struct json *v;
	bool own;

	if (!call(c, "GET", S("/v1/mfa"), S(""), &v, err))
		return false;
	own = json_get_bool(v, "enrolled", false) || !option(c, "--user");
	if (own ? !give_code(c, "Your code, or a recovery code", "DELETE", path, &v, err) : !call(c, "DELETE", path, S(""), &v, err))
		return false;
	if (c->json)
		return say_json(v);
	say_line(c, option(c, "--user") ? arena_printf(&c->arena, "%s has no second factor any more, and is told", option(c, "--user")) : S("You have no second factor any more"));
	return true;
}
