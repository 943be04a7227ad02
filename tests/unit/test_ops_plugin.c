/* Plugins (ops/plugin.h): what a manifest may say, what a person is told who wrote a wrong one, and which version is enabled. */
#include "base/crypt.h"
#include "base/file.h"
#include "ops/plugin.h"
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

static struct arena a;
static char dir[64];

static void open_all(void)
{
	struct err err = {0};

	ck_assert(crypt_start(&err));
	arena_init(&a);
	snprintf(dir, sizeof dir, "/tmp/opsroom-plugins-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void close_all(void)
{
	char command[100];

	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	arena_done(&a);
}

#define HEAD "\"name\":\"deploy\",\"version\":\"1.2.0\",\"contract\":1,\"summary\":\"Deploys.\",\"program\":\"./deploy\""
#define START                                                                                                                                                                                     \
	"{\"path\":\"deploy start\",\"help\":\"Starts.\",\"risk\":\"danger\",\"args\":[{\"name\":\"app\",\"required\":true}]," \
	"\"options\":[{\"name\":\"env\",\"short\":\"e\",\"values\":[\"dev\",\"prod\"],\"default\":\"dev\"},{\"name\":\"force\",\"type\":\"bool\"}]," \
	"\"examples\":[\"deploy start web --env prod\"],\"rules\":[\"allow deploy:start need role operator\"]"

static struct plugin *parse(const char *text, struct err *err)
{
	return plugin_parse(str_of(text), S(""), "plugin.json", err);
}

START_TEST(a_manifest_says_what_there_is)
{
	struct err err = {0};
	struct plugin *p = parse("{" HEAD ",\"permissions\":[\"deploy.run\"],\"commands\":[" START ",\"lock\":\"env\",\"dry_run\":true,\"idempotent\":true,\"timeout\":\"5m\",\"max_output\":65536,"
				 "\"concurrency\":1,\"network\":\"host\",\"secrets\":[\"TOKEN\"],\"produces\":\"rows\",\"consumes\":\"rows\"},"
				 "{\"path\":\"deploy\",\"help\":\"What runs.\",\"risk\":\"read\",\"examples\":[\"deploy | head\"],\"rules\":[\"allow deploy:deploy need role viewer\"]}]}",
				 &err);
	const struct plugin_command *c;

	ck_assert_msg(p, "%s", err.text);
	ck_str(p->name, "deploy");
	ck_assert_uint_eq(p->command_count, 2);
	ck_assert_uint_eq(p->rule_count, 2);
	ck_assert_uint_eq(p->manifest_digest.n, 64);
	c = p->commands[0];
	ck_assert_ptr_eq(plugin_command_of(&c->spec), c);
	ck_assert_ptr_eq(c->owner, p);
	ck_str(c->spec.plugin, "deploy");
	ck_str(c->spec.words, "deploy start");
	ck_str(c->spec.path, "start");
	ck_str(c->spec.usage, "<app> [-e|--env=dev|prod] [--force] [--dry-run]");
	ck_str(c->spec.lock, "env");
	ck_assert(c->spec.dry_run && c->spec.idempotent && c->spec.risk == RISK_DANGER && c->network && c->takes_rows && c->gives_rows);
	ck_assert_int_eq(c->timeout, 5 * MINUTE);
	ck_assert_uint_eq(c->output_bytes, 65536);
	ck_assert_uint_eq(c->concurrency, 1);
	ck_str(c->secrets[0], "TOKEN");
	c = p->commands[1];
	ck_assert(!c->network && !c->spec.dry_run && c->concurrency == 4 && c->timeout == 60 * SECOND && c->output_bytes == PLUGIN_OUTPUT_MOST);
	plugin_free(p);
}
END_TEST

#define COMMAND(more) "{" HEAD ",\"commands\":[\n" START more "}]}"
#define OTHER(path, rest) "{" HEAD ",\"commands\":[{\"path\":\"" path "\"," rest "}]}"
#define PLAIN "\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"deploy x\"],\"rules\":[\"allow deploy:x need role viewer\"]"

static const struct {
	const char *text, *error;
} wrong[] = {
	{"{", "plugin.json: JSON, line 1, column 2: expected a key"},
	{"[]", "plugin.json: line 1: an object is wanted here"},
	{"{" HEAD ",\"comands\":[]}", "plugin.json: line 1: there is no key `comands`; did you mean `commands`?"},
	{"{" HEAD ",\"zzz\":[]}", "plugin.json: line 1: there is no key `zzz`; there are: name version contract summary carrier program image url key key_id permissions rules commands"},
	{"{" HEAD "}", "plugin.json: line 1: commands: a list of 1 to 200 commands is wanted here"},
	{COMMAND(",\"hepl\":\"x\""), "plugin.json: line 2: commands[0]: there is no key `hepl`; did you mean `help`?"},
	{COMMAND(",\"timeout\":60"), "plugin.json: line 2: commands[0].timeout: a span of time is wanted here, such as \"90s\": 1 s to 1 h"},
	{COMMAND(",\"timeout\":\"2h\""), "plugin.json: line 2: commands[0].timeout: a span of time is wanted here, such as \"90s\": 1 s to 1 h"},
	{COMMAND(",\"max_output\":9000000"), "plugin.json: line 2: commands[0].max_output: a whole number from 1024 to 8388608 is wanted here"},
	{COMMAND(",\"lock\":\"two words\""), "plugin.json: line 2: commands[0].lock: `two words` is no name of a target: letters, digits and . _ - / : only, at most 80"},
	{COMMAND(",\"dry_run\":\"yes\""), "plugin.json: line 2: commands[0].dry_run: true or false is wanted here"},
	{COMMAND(",\"network\":[\"example.com\"]"),
	 "plugin.json: line 2: commands[0].network: a list of hosts cannot be kept to: a name's addresses change, and what is allowed leads on to other hosts. \"none\" or \"host\""},
	{COMMAND(",\"secrets\":[\"../x\"]"), "plugin.json: line 2: commands[0].secrets: `../x` is no name of a secret: letters, digits, - _ ."},
	{COMMAND(",\"produces\":\"text\""), "plugin.json: line 2: commands[0].produces: \"rows\" is all that can stand here"},
	{"{" HEAD ",\"commands\":[" START "}," START "}]}", "plugin.json: line 1: commands[1]: there is another command `deploy start`"},
	{"{" HEAD ",\"commands\":[" START "},{\"path\":\"start\",\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"start\"],\"rules\":[\"allow deploy:* need role viewer\"]}]}",
	 "plugin.json: line 1: commands[1]: there is another command `start`"},
	{OTHER("Deploy", PLAIN), "plugin.json: line 1: commands[0].path: `Deploy` is no command: one to three words of a-z, 0-9, - and _, with one blank between"},
	{OTHER("a b c d", PLAIN), "plugin.json: line 1: commands[0].path: `a b c d` is no command: one to three words of a-z, 0-9, - and _, with one blank between"},
	{OTHER("x", "\"risk\":\"read\""), "plugin.json: line 1: commands[0]: `help` is missing"},
	{OTHER("x", "\"help\":\"x\""), "plugin.json: line 1: commands[0]: `risk` is missing: read, change or danger"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\""), "plugin.json: line 1: commands[0]: `examples` is missing: at least one line as people type it"},
	{OTHER("x", "\"help\":\"x\\n\",\"risk\":\"read\""), "plugin.json: line 1: commands[0].help: the text has a line feed or another control character in it"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"x\"]"),
	 "plugin.json: `x` has no rule, so nobody could run it. Add rules: [\"allow deploy:x need role operator\"]"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"y\"]"), "plugin.json: line 1: commands[0].examples[0]: `y`: it is no call of `x`"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"x 1\"]"), "plugin.json: line 1: commands[0].examples[0]: `x 1`: that is too much. Usage: `x`"},
	{"{" HEAD ",\"rules\":[\"allow deploy:*\"],\"commands\":[{\"path\":\"x\",\"help\":\"x\",\"risk\":\"read\",\"args\":[{\"name\":\"a\"}],\"examples\":[\"x y\"]},"
	 "{\"path\":\"x y\",\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"x y\"]}]}",
	 "plugin.json: line 1: commands[0].examples[0]: `x y`: it is no call of `x`"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"options\":[{\"name\":\"n\",\"type\":\"int\",\"default\":\"many\"}],\"examples\":[\"x --n 1\"]"),
	 "plugin.json: line 1: commands[0]: a default is wrong: `many` is no int for --n: a whole number"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"options\":[{\"name\":\"reason\"}],\"examples\":[\"x\"]"),
	 "plugin.json: line 1: commands[0]: every command takes --reason already; choose another name"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"args\":[{\"name\":\"n\",\"typ\":\"int\"}],\"examples\":[\"x\"]"),
	 "plugin.json: line 1: commands[0].args[0]: there is no key `typ`; did you mean `type`?"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"args\":[{\"name\":\"n\",\"type\":\"integer\"}],\"examples\":[\"x\"]"),
	 "plugin.json: line 1: commands[0].args[0].type: `integer` is no type: text, int, float, bool, span, time, user, channel, alert, incident, choice"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"args\":[{\"name\":\"n\"},{\"name\":\"n\"}],\"examples\":[\"x\"]"),
	 "plugin.json: line 1: commands[0]: `n` has the name or the letter of another"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"x\"],\"rules\":[\"allow other:x need role viewer\"]"),
	 "plugin.json: the rule `allow other:x need role viewer` is about no command of this plugin: its second word is NAME:COMMAND"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"x\"],\"rules\":[\"allow *:* need role viewer\"]"),
	 "plugin.json: the rule `allow *:* need role viewer` is about no command of this plugin: its second word is NAME:COMMAND"},
	{OTHER("x", "\"help\":\"x\",\"risk\":\"read\",\"examples\":[\"x\"],\"rules\":[\"alow deploy:x\"]"),
	 "plugin.json: line 1: commands[0].rules[0]: column 1 of the rule: a rule begins with allow, deny or require; did you mean `allow`?"},
	{"{\"name\":\"core\",\"version\":\"1.0.0\"}", "plugin.json: line 1: name: `core` is no name of a plugin: a letter, then up to 39 of a-z, 0-9, - and _; core is ours"},
	{"{\"name\":\"x\",\"version\":\"1.0\"}", "plugin.json: line 1: version: `1.0` is no version such as 1.2.0 (semver.org)"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":2}", "plugin.json: line 1: contract: 1 is wanted here: the contract that this opsroom speaks"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"carrier\":\"grpc\"}", "plugin.json: line 1: carrier: `grpc` is none of exec, serve, container and rpc"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"url\":\"https://x\"}", "plugin.json: line 1: `url` means nothing with the carrier exec"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"program\":\"/bin/sh\"}",
	 "plugin.json: line 1: program: `/bin/sh` is not in the plugin's folder: write \"./NAME\", or a name alone, which is looked up in /usr/bin and /bin"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"program\":\"./a/../../b\"}",
	 "plugin.json: line 1: program: `./a/../../b` is not in the plugin's folder: write \"./NAME\", or a name alone, which is looked up in /usr/bin and /bin"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"carrier\":\"container\"}", "plugin.json: line 1: `image` is missing"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"carrier\":\"rpc\",\"url\":\"http://x/y\",\"key\":\"K\"}",
	 "plugin.json: line 1: url: an https:// address without a name and password is wanted here: the answers are not signed"},
	{"{\"name\":\"x\",\"version\":\"1.0.0\",\"contract\":1,\"summary\":\"x\",\"carrier\":\"rpc\",\"url\":\"https://x/y\",\"key\":\"K\"}",
	 "plugin.json: line 1: `rules` is missing, so nobody could run anything: [\"allow x:* need role operator\"]"},
};

START_TEST(what_is_wrong_is_said)
{
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct err err = {0};

		ck_assert_msg(!parse(wrong[i].text, &err), "%s", wrong[i].text);
		ck_assert_str_eq(err.text, wrong[i].error);
	}
}
END_TEST

START_TEST(versions_are_semver)
{
	static const char *const good[] = {"0.0.1", "1.2.3", "10.20.30", "1.0.0-rc.1", "1.0.0+build.5", "1.0.0-x-y.7+z"};
	static const char *const bad[] = {"", "1", "1.2", "01.2.3", "1.2.3.4", "1.2.x", "v1.2.3", "1.2.3-", "1.2.3+", "../1.2.3", "1.2.3-a/b", "-1.2.3", "1.2.3-a..b"};

	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(plugin_version_ok(str_of(good[i])), "%s", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!plugin_version_ok(str_of(bad[i])), "%s", bad[i]);
}
END_TEST

/* ---- files ---- */

static void put(const char *path, const char *text, mode_t mode)
{
	struct err err = {0};

	ck_assert_msg(file_put(&a, arena_printf(&a, "%s/%s", dir, path).p, str_of(text), mode, &err), "%s", err.text);
}

static void make_dir(const char *path)
{
	ck_assert_int_eq(mkdir(arena_printf(&a, "%s/%s", dir, path).p, 0755), 0);
}

static const char *manifest(const char *version)
{
	return arena_printf(&a, "{\"name\":\"deploy\",\"version\":\"%s\",\"contract\":1,\"summary\":\"Deploys.\",\"program\":\"./deploy\",\"commands\":[" START "}]}", version).p;
}

static void put_version(const char *version)
{
	make_dir(arena_printf(&a, "deploy/%s", version).p);
	put(arena_printf(&a, "deploy/%s/plugin.json", version).p, manifest(version), 0644);
	put(arena_printf(&a, "deploy/%s/deploy", version).p, "#!/bin/sh\n", 0755);
}

static void change(enum plugin_change what, const char *version, struct plugin_enabled *next)
{
	struct plugin_enabled was;
	struct plugin *to;
	struct err err = {0};

	ck_assert_msg(plugin_plan(&a, str_of(dir), S("deploy"), what, str_of(version), &was, next, &to, &err), "%s", err.text);
	ck_assert_msg(plugin_enabled_write(&a, str_of(dir), S("deploy"), next, &err), "%s", err.text);
	plugin_free(to);
}

static const char *refused(enum plugin_change what, const char *version)
{
	struct plugin_enabled was, next;
	struct plugin *to;
	struct err err = {0};

	ck_assert(!plugin_plan(&a, str_of(dir), S("deploy"), what, str_of(version), &was, &next, &to, &err));
	ck_assert_ptr_null(to);
	return arena_printf(&a, "%s", err.text).p;
}

START_TEST(versions_lie_side_by_side)
{
	struct plugin_enabled e;
	struct str *names, *versions;
	struct err err = {0};
	size_t count;

	make_dir("deploy");
	make_dir("Not a plugin");
	put_version("1.10.0");
	put_version("1.9.0");
	put_version("1.10.0-rc.1");
	ck_assert(plugin_names(&a, str_of(dir), &names, &count, &err));
	ck_assert_uint_eq(count, 1);
	ck_assert(plugin_versions(&a, str_of(dir), S("deploy"), &versions, &count, &err));
	ck_assert_uint_eq(count, 3);
	ck_str(versions[0], "1.9.0");
	ck_str(versions[1], "1.10.0-rc.1");
	ck_str(versions[2], "1.10.0");
	ck_assert_str_eq(refused(PLUGIN_DISABLE, ""), "deploy is not enabled");
	ck_assert_str_eq(refused(PLUGIN_ROLLBACK, ""), "there is no version of deploy to go back to");
	change(PLUGIN_ENABLE, "1.9.0", &e);
	ck_str(e.before, "");
	change(PLUGIN_ENABLE, "", &e);
	ck_str(e.version, "1.10.0");
	ck_str(e.before, "1.9.0");
	change(PLUGIN_ENABLE, "1.10.0", &e);
	ck_str(e.before, "1.9.0");
	change(PLUGIN_ROLLBACK, "", &e);
	ck_str(e.version, "1.9.0");
	ck_str(e.before, "1.10.0");
	put("deploy/1.10.0/deploy", "#!/bin/sh\nrm -rf /\n", 0755);
	ck_assert_str_eq(refused(PLUGIN_ROLLBACK, ""), "the files of deploy 1.10.0 are not those that ran before; look at them, then enable that version");
	change(PLUGIN_DISABLE, "", &e);
	ck_str(e.version, "");
	ck_str(e.before, "1.9.0");
	change(PLUGIN_ROLLBACK, "", &e);
	ck_str(e.version, "1.9.0");
	ck_assert(plugin_enabled_read(&a, str_of(dir), S("deploy"), &e, &err));
	ck_str(e.version, "1.9.0");
	ck_assert_uint_eq(e.digest.n, 64);
	ck_assert_ptr_nonnull(strstr(refused(PLUGIN_ENABLE, "../../x"), "is no version of a plugin"));
	put("deploy/enabled.json", "{\"version\":\"../x\",\"digest\":\"\"}", 0644);
	ck_assert_ptr_nonnull(strstr(refused(PLUGIN_DISABLE, ""), "enabled.json: "));
}
END_TEST

START_TEST(changed_files_are_seen)
{
	struct err err = {0};
	struct plugin *p, *again;

	make_dir("deploy");
	put_version("1.2.0");
	p = plugin_at(str_of(dir), S("deploy"), S("1.2.0"), &err);
	ck_assert_msg(p, "%s", err.text);
	ck_assert(plugin_unchanged(p, &err));
	again = plugin_again(p);
	ck_str(again->digest, arena_dup(&a, p->digest).p);
	ck_assert(plugin_unchanged(again, &err));
	put("deploy/1.2.0/deploy", "#!/bin/sh\n", 0755); /* the same bytes, but somebody was there */
	ck_assert(!plugin_unchanged(p, &err));
	ck_assert_str_eq(err.text, "the files of the plugin deploy 1.2.0 changed after it was enabled; an admin looks at them and enables it again");
	plugin_free(again);
	again = plugin_at(str_of(dir), S("deploy"), S("1.2.0"), &(struct err){0});
	ck_str(again->digest, arena_dup(&a, p->digest).p);
	plugin_free(again);
	chmod(arena_printf(&a, "%s/deploy/1.2.0/deploy", dir).p, 0644);
	ck_assert_ptr_null(plugin_at(str_of(dir), S("deploy"), S("1.2.0"), &(struct err){0}));
	put("deploy/1.2.0/more", "x", 0644);
	put("deploy/1.2.0/deploy", "#!/bin/sh\n", 0755);
	again = plugin_at(str_of(dir), S("deploy"), S("1.2.0"), &(struct err){0});
	ck_assert(!str_eq(again->digest, p->digest));
	plugin_free(again);
	ck_assert_ptr_null(plugin_at(str_of(dir), S("deploy"), S("1.3.0"), &(struct err){0}));
	plugin_free(p);
}
END_TEST

int main(void)
{
	const struct unit_test tests[] = {
		{"manifest", a_manifest_says_what_there_is}, {"manifest", what_is_wrong_is_said}, {"manifest", versions_are_semver},
		{"files", versions_lie_side_by_side},        {"files", changed_files_are_seen},
	};

	return unit_run_in("ops/plugin", tests, COUNT_OF(tests), open_all, close_all);
}
