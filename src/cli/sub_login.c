#include "cli/cli.h"

#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

bool ask_person(struct cli *c, const char *question, bool hidden, struct str *out, struct err *err)
{
	char line[1024];
	struct termios was, quiet;
	bool tty = isatty(STDIN_FILENO);
	const char *got;

	hidden = hidden && tty && tcgetattr(STDIN_FILENO, &was) == 0;
	if (tty)
		fprintf(stderr, "%s: ", question);
	if (hidden) {
		quiet = was;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	got = fgets(line, sizeof line, stdin); /* a last line may have no end */
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		fputc('\n', stderr);
	}
	if (!got || strlen(line) + 1 == sizeof line) {
		err_set(err, ERR_INVALID, "no answer to: %s", question);
		return false;
	}
	line[strcspn(line, "\r\n")] = '\0';
	*out = arena_dup(&c->arena, str_of(line));
	explicit_bzero(line, sizeof line);
	return true;
}

static bool find_url(struct cli *c, struct err *err)
{
	const char *env = getenv("OPSROOM_URL");
	struct saved saved;
	struct str answer, guess;

	config_load(c, &saved);
	guess = saved.url.n ? saved.url : S("http://127.0.0.1:8065");
	if (c->url_flag)
		c->url = str_of(c->url_flag);
	else if (env && *env)
		c->url = str_of(env);
	else if (!isatty(STDIN_FILENO))
		c->url = guess;
	if (!c->url.n) {
		if (!ask_person(c, arena_printf(&c->arena, "Address [" STR_FMT "]", STR_ARG(guess)).p, false, &answer, err))
			return false;
		c->url = answer.n ? answer : guess;
	}
	while (str_ends(c->url, S("/")))
		c->url.n--;
	if (str_starts(c->url, S("http://")) || str_starts(c->url, S("https://")))
		return true;
	err_set(err, ERR_INVALID, "the address begins with http:// or https://");
	return false;
}

/* A token that somebody made elsewhere: is it good? */
static bool login_with_token(struct cli *c, struct saved *s, struct err *err)
{
	struct json *me;

	c->token = str_of(c->token_flag);
	if (!call(c, "GET", S("/v1/me"), S(""), &me, err))
		return false;
	s->user = json_get_str(me, "name");
	s->token = c->token;
	return true;
}

static bool login_with_password(struct cli *c, struct saved *s, struct err *err)
{
	char host[256] = "?";
	struct str user, password;

	if (option(c, "--user"))
		user = str_of(option(c, "--user"));
	else if (!ask_person(c, "User or mail address", false, &user, err))
		return false;
	if (!ask_person(c, "Password", true, &password, err))
		return false;
	gethostname(host, sizeof host - 1);
	return call_login(c, user, password, arena_printf(&c->arena, "opsroom on %s", host), option(c, "--scope"), s,
			  err);
}

bool sub_login(struct cli *c, struct err *err)
{
	struct saved s = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
	bool ok;

	if (!find_url(c, err))
		return false;
	s.url = c->url;
	ok = c->token_flag ? login_with_token(c, &s, err) : login_with_password(c, &s, err);
	if (!ok || !config_save(c, &s, err))
		return false;
	if (c->json)
		say_line(c, json_of(c, (const struct pair[]){{"url", s.url}, {"user", s.user}}, 2));
	else
		say_line(c, arena_printf(&c->arena, "Logged in at " STR_FMT " as " STR_FMT, STR_ARG(s.url),
					 STR_ARG(s.user)));
	return true;
}

bool sub_logout(struct cli *c, struct err *err)
{
	struct saved s;
	struct err why = {0};
	struct json *answer;

	config_load(c, &s);
	if (!s.token.n) {
		printf("You were not logged in.\n");
		return true;
	}
	c->url = s.url;
	c->token = s.token;
	if (s.token_id.n &&
	    !call(c, "DELETE", path_to(c, "/v1/tokens/", arena_dup(&c->arena, s.token_id).p), S(""), &answer, &why) &&
	    why.code != ERR_UNAUTHENTICATED && why.code != ERR_NOT_FOUND)
		fprintf(stderr, "opsroom: the token is forgotten here, but could not be revoked: %s\n", why.text);
	if (!config_remove(c, err))
		return false;
	printf("Logged out.\n");
	return true;
}
