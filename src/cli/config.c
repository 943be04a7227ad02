#include "cli/cli.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_STR ((struct str){NULL, 0})

static struct str without_slash(struct str url)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}

/* A small text file without white space around; nothing if it cannot be read. */
static struct str file_text(struct arena *a, const char *path)
{
	char bytes[4096];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return NO_STR;
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	return arena_dup(a, str_trim(str_n(bytes, n)));
}

static struct str env_text(const char *name)
{
	const char *z = getenv(name);

	return z && *z ? str_of(z) : NO_STR;
}

/* ---- the configuration file ---- */

static struct str config_dir(struct cli *c)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		return arena_printf(&c->arena, "%s/opsroom", xdg);
	return home && *home ? arena_printf(&c->arena, "%s/.config/opsroom", home) : NO_STR;
}

static const char *config_path(struct cli *c)
{
	struct str dir = config_dir(c);

	return dir.p ? arena_printf(&c->arena, STR_FMT "/cli.json", STR_ARG(dir)).p : NULL;
}

void config_load(struct cli *c, struct saved *out)
{
	const char *path = config_path(c);
	struct json *v;

	*out = (struct saved){NO_STR, NO_STR, NO_STR, NO_STR};
	v = path ? json_parse(&c->arena, file_text(&c->arena, path), JSON_STRICT, NULL) : NULL;
	if (!v)
		return;
	out->url = json_get_str(v, "url");
	out->token = json_get_str(v, "token");
	out->token_id = json_get_str(v, "token_id");
	out->user = json_get_str(v, "user");
}

static bool make_dirs(struct cli *c, struct str dir, struct err *err)
{
	for (size_t i = 1; i <= dir.n; i++)
		if (i == dir.n || dir.p[i] == '/') {
			const char *part = arena_dup(&c->arena, str_n(dir.p, i)).p;

			if (mkdir(part, 0700) != 0 && errno != EEXIST) {
				err_set(err, ERR_FULL, "%s cannot be made: %s", part, strerror(errno));
				return false;
			}
		}
	return true;
}

bool config_save(struct cli *c, const struct saved *s, struct err *err)
{
	const char *path = config_path(c);
	struct str text;

	if (!path) {
		err_set(err, ERR_INVALID, "neither HOME nor XDG_CONFIG_HOME says where to keep the token");
		return false;
	}
	text = json_of(c,
		       (const struct pair[]){
			       {"url", s->url}, {"token", s->token}, {"token_id", s->token_id}, {"user", s->user}},
		       4);
	text = arena_printf(&c->arena, STR_FMT "\n", STR_ARG(text));
	return make_dirs(c, config_dir(c), err) && file_put(&c->arena, path, text, 0600, err);
}

bool config_remove(struct cli *c, struct err *err)
{
	const char *path = config_path(c);

	if (path && unlink(path) != 0 && errno != ENOENT) {
		err_set(err, ERR_FULL, "%s cannot be removed: %s", path, strerror(errno));
		return false;
	}
	return true;
}

/* ---- flags, environment, file, ./var: the first that says something ---- */

struct place {
	struct str url, token;
	bool together; /* its token is for its own address, and goes to no other */
};

static struct place data_place(struct cli *c, const char *dir, bool together)
{
	struct place p = {.together = together};

	if (!dir || !*dir)
		return p;
	p.url = without_slash(file_text(&c->arena, arena_printf(&c->arena, "%s/daemon.url", dir).p));
	p.token = file_text(&c->arena, arena_printf(&c->arena, "%s/admin.token", dir).p);
	return p;
}

static bool check_flag_dir(const struct cli *c, const struct place *p, struct err *err)
{
	if (!c->data_flag || (p->token.n && (p->url.n || c->url_flag)))
		return true;
	err_set(err, ERR_NOT_FOUND,
		"%s has no daemon.url and admin.token that one can read; does opsroomd run with this data directory?",
		c->data_flag);
	return false;
}

bool config_find(struct cli *c, struct err *err)
{
	struct saved saved;
	struct place places[6];

	config_load(c, &saved);
	places[0] = (struct place){c->url_flag ? str_of(c->url_flag) : NO_STR,
				   c->token_flag ? str_of(c->token_flag) : NO_STR, false};
	places[1] = data_place(c, c->data_flag, false);
	places[2] = (struct place){env_text("OPSROOM_URL"), env_text("OPSROOM_TOKEN"), false};
	places[3] = data_place(c, getenv("OPSROOM_DATA"), false);
	places[4] = (struct place){saved.url, saved.token, true};
	places[5] = data_place(c, "./var", true);
	if (!check_flag_dir(c, &places[1], err))
		return false;
	for (size_t i = 0; i < COUNT_OF(places) && !c->url.n; i++)
		c->url = without_slash(places[i].url);
	for (size_t i = 0; i < COUNT_OF(places) && !c->token.n; i++)
		if (!places[i].together || str_eq(without_slash(places[i].url), c->url))
			c->token = places[i].token;
	if (!c->url.n) {
		err_set(err, ERR_UNAUTHENTICATED,
			"which server? Log in first: opsroom login; or say --url and --token, or --data DIR");
		return false;
	}
	if (!c->token.n) {
		err_set(err, ERR_UNAUTHENTICATED, "not logged in at " STR_FMT "; opsroom login", STR_ARG(c->url));
		return false;
	}
	return true;
}
