/* What a program can see and do in the sandbox, and what happens without one. */
#include "runner_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

static char folder[64]; /* the data folder of a daemon: closed, with a plugin in it */

static void put(const char *name, const char *text, mode_t mode)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_folder(const char *name)
{
	char path[200];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static char plugins[100], plugin[110];

static void open_sandbox(void)
{
	snprintf(folder, sizeof folder, "/tmp/opsroom-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	make_folder("plugins");
	make_folder("plugins/p");
	put("secret.key", "do not read\n", 0600);
	put("plugins/p/hello", "#!/bin/sh\necho hello from $(pwd) $0 $*; cat data\n", 0755);
	put("plugins/p/data", "data\n", 0644);
	put("plugins/p/broken", "#!/no/such/interpreter\n", 0755);
	snprintf(plugins, sizeof plugins, "%s/plugins", folder);
	snprintf(plugin, sizeof plugin, "%s/p", plugins);
	options.folders = plugins;
	open_world();
}

static void close_sandbox(void)
{
	char command[100];

	close_world();
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Its output, without the last line feed. */
static struct str says(int64_t id, const char *script)
{
	const struct seen *s = ran_sh(id, script);

	ck_assert_msg(s->end.code == 0, "%s: %d %s " STR_FMT, script, s->end.code, s->reason, STR_ARG(buf_str(&s->err)));
	return str_trim(buf_str(&s->out));
}

START_TEST(its_folder)
{
	static const struct str words[] = {{"./hello", sizeof("./hello") - 1}, {"--env=prod", sizeof("--env=prod") - 1}, {"--", sizeof("--") - 1}, {"a b", sizeof("a b") - 1}}, broken[] = {{"./broken", sizeof("./broken") - 1}}, data[] = {{"./data", sizeof("./data") - 1}};
	struct runner_order o = order(1, 4, words);

	needs_sandbox();
	o.folder = plugin;
	ran(&o);
	ck_str(buf_str(&seen[1].out), "hello from /plugin ./hello --env=prod -- a b\ndata\n");
	o = order(2, 1, broken);
	o.folder = plugin;
	ck_assert_int_eq(ran(&o)->end.code, RUNNER_NOT_FOUND);
	o = order(3, 1, data);
	o.folder = plugin;
	ck_assert_int_eq(ran(&o)->end.code, RUNNER_NOT_RUNNABLE);
	o = sh(4, "touch /plugin/x || echo no; echo x >>/plugin/data || echo no");
	o.folder = plugin;
	ck_str(buf_str(&ran(&o)->out), "no\nno\n");
	o = sh(5, ":");
	o.folder = "/tmp/opsroom-no-such-folder";
	ck_assert_int_eq(ran(&o)->end.code, RUNNER_NO_START);
	ck_assert_str_eq(seen[5].reason, "the plugin's folder cannot be reached (Can't find source path /tmp/opsroom-no-such-folder: No such file or directory)");
}
END_TEST

START_TEST(sees_nothing_of_the_host)
{
	char script[300];

	needs_sandbox();
	setenv("TOKEN", "of-the-daemon", 1);
	runner_anew();
	snprintf(script, sizeof script, "cat %s/secret.key 2>/dev/null || ls %s 2>/dev/null || echo nothing", folder, folder);
	ck_str(says(1, script), "nothing");
	ck_str(says(2, "ls -A / | tr '\\n' ' ' | sed 's/lib[x0-9]* //g'"), "bin dev etc proc run sbin tmp usr");
}
END_TEST

START_TEST(environment_is_ours)
{
	static const struct str env[] = {{"OPSROOM_ROOM=ops room", sizeof("OPSROOM_ROOM=ops room") - 1}, {"SECRET_BY_ENV=x=y", sizeof("SECRET_BY_ENV=x=y") - 1}, {"PATH=/plugin", sizeof("PATH=/plugin") - 1}};
	struct runner_order o = sh(1, "export -p | grep -v PWD");

	needs_sandbox();
	setenv("TOKEN", "of-the-daemon", 1);
	runner_anew();
	o.env = env;
	o.env_count = 2;
	ran(&o);
	ck_str(buf_str(&seen[1].out), "export HOME='/tmp'\nexport LANG='C.UTF-8'\nexport OPSROOM_ROOM='ops room'\nexport OPSROOM_SECRETS='/run/secrets'\n"
				      "export PATH='/usr/local/bin:/usr/bin:/bin'\nexport SECRET_BY_ENV='x=y'\n");
}
END_TEST

START_TEST(files_processes_and_rights)
{
	needs_sandbox();
	ck_str(says(1, "for f in /proc/[0-9]*; do read c <$f/comm; echo -n \"$c \"; done"), "bwrap sh");
	ck_str(says(2, "id -u; id -g; ls /proc/self/fd | wc -l; grep -c '^Cap.*[1-9a-f]$' /proc/self/status; grep NoNewPrivs /proc/self/status"),
	       "65534\n65534\n4\n0\nNoNewPrivs:\t1");
	ck_str(says(3, "for d in / /usr /etc /dev /run /run/secrets /proc /plugin; do touch $d/x 2>/dev/null && echo $d; done; touch /tmp/x && echo /tmp"), "/tmp");
	ck_str(says(4, "unshare -U true 2>/dev/null || echo no; head -c 80M /dev/zero >/tmp/big 2>/dev/null || echo full"), "no\nfull");
	ck_str(says(5, "kill -9 1 2>/dev/null; echo still here; ulimit -c; ulimit -n"), "still here\n0\n256");
	ck_str(says(6, "hostname; awk 'BEGIN {print 1+1}'; python3 -c 'import hashlib,getpass,ssl; print(hashlib.sha256(b\"\").hexdigest()[:8], getpass.getuser())'"),
	       "plugin\n2\ne3b0c442 nobody");
}
END_TEST

START_TEST(network)
{
	static const char dial[] = "import socket,sys\ntry:\n s=socket.create_connection(('127.0.0.1',int(sys.argv[1])),2); print('reached')\nexcept OSError: print('none')\n";
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct str words[] = {S("python3"), S("-c"), str_of(dial), {0}};
	char port[16];
	struct runner_order o;

	needs_sandbox();
	ck_assert(bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, 4) == 0 && getsockname(fd, (struct sockaddr *)&at, &size) == 0);
	snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
	words[3] = str_of(port);
	o = order(1, 4, words);
	ck_str(buf_str(&ran(&o)->out), "none\n");
	o = order(2, 4, words);
	o.network = true;
	ck_str(buf_str(&ran(&o)->out), "reached\n");
	o = sh(3, "test -s /etc/resolv.conf || test ! -s /etc/resolv.conf; ls /etc/ssl/private /etc/shadow 2>/dev/null; ls -d /etc/ssl/certs");
	o.network = true;
	ck_str(buf_str(&ran(&o)->out), "/etc/ssl/certs\n");
	close(fd);
}
END_TEST

static bool showed;

static void look_for_secret(void)
{
	showed = somebody_has("hunter2-in-a-file", "cmdline") || somebody_has("hunter2-in-a-file", "environ") || somebody_has("hunter2-by-env", "cmdline");
	runner_cancel(runner, 1);
}

START_TEST(secrets_are_files)
{
	static const struct runner_secret list[] = {{{"token", sizeof("token") - 1}, {"hunter2-in-a-file", sizeof("hunter2-in-a-file") - 1}}, {{"other.pem", sizeof("other.pem") - 1}, {"two\nlines\n", sizeof("two\nlines\n") - 1}}, {{"empty", sizeof("empty") - 1}, {"", sizeof("") - 1}}};
	static const struct str env[] = {{"PASSWORD=hunter2-by-env", sizeof("PASSWORD=hunter2-by-env") - 1}};
	struct runner_order o = sh(1, "cd $OPSROOM_SECRETS; stat -c '%a %U' token; cat token other.pem empty; echo $PASSWORD | wc -c; (echo x >token) 2>/dev/null || echo ro; sleep 100");

	needs_sandbox();
	o.secrets = list;
	o.secret_count = 3;
	o.env = env;
	o.env_count = 1;
	start(&o);
	run_until(seen[1].lines >= 5);
	look_for_secret();
	run_until(seen[1].ended);
	ck_assert(!showed);
	ck_str(buf_str(&seen[1].out), "400 nobody\nhunter2-in-a-filetwo\nlines\n15\nro\n");
}
END_TEST

START_TEST(fork_bomb_is_held)
{
	struct runner_order o = sh(1, "n=0; while [ $n -lt 200 ]; do sleep 100 & n=$((n+1)); done; echo all"), two = sh(2, "sleep 0.1 & sleep 0.1 & wait; echo fine");
	const struct seen *s;

	needs_sandbox();
	o.limits.time = 3000;
	start(&o);
	ran(&two); /* a neighbour, of the same user outside, has its own count */
	ck_str(buf_str(&seen[2].out), "fine\n");
	run_until(seen[1].ended);
	s = &seen[1];
	ck_assert_int_ne(s->end.code, 0);
	ck_assert_uint_eq(s->out.n, 0);
}
END_TEST

START_TEST(memory_is_held)
{
	static const char grow[] = "a=[]\ntry:\n for i in range(64): a.append(bytearray(16<<20))\n print('got it')\nexcept MemoryError: print('held at', len(a)*16 < 256)\n";
	static const char share[] = "import mmap,time\na=[]\nfor i in range(60):\n m=mmap.mmap(-1,16<<20); m.write(b'x'*(16<<20)); a.append(m)\nprint('up',flush=True)\ntime.sleep(60)\n";
	const struct str words[] = {S("python3"), S("-c"), str_of(grow)}, shared[] = {S("python3"), S("-c"), str_of(share)};
	struct runner_order o = order(1, 3, words);

	needs_sandbox();
	ck_str(buf_str(&ran(&o)->out), "held at True\n");
	o = order(2, 3, shared); /* past what the limit of each process counts */
	ran(&o);
	ck_assert_int_eq(seen[2].end.code, 128 + SIGKILL);
	ck_assert_ptr_nonnull(strstr(seen[2].reason, "memory"));
}
END_TEST

START_TEST(node_and_python_live_in_the_limits)
{
	static const struct str node[] = {{"node", sizeof("node") - 1}, {"-e", sizeof("-e") - 1}, {"let s='';process.stdin.on('data',d=>s+=d).on('end',()=>console.log(JSON.parse(s).a, require('os').userInfo().username))", sizeof("let s='';process.stdin.on('data',d=>s+=d).on('end',()=>console.log(JSON.parse(s).a, require('os').userInfo().username))") - 1}};
	static const struct str python[] = {{"python3", sizeof("python3") - 1}, {"-c", sizeof("-c") - 1}, {"import json,sys,subprocess,concurrent.futures as c; print(json.load(sys.stdin)['a'], list(c.ThreadPoolExecutor(4).map(abs,[-1,-2])), subprocess.check_output(['echo','x']))", sizeof("import json,sys,subprocess,concurrent.futures as c; print(json.load(sys.stdin)['a'], list(c.ThreadPoolExecutor(4).map(abs,[-1,-2])), subprocess.check_output(['echo','x']))") - 1}};
	struct runner_order o = order(1, 3, python);

	needs_sandbox();
	o.input = S("{\"a\":\"x\"}");
	ran(&o);
	ck_str(buf_str(&seen[1].err), "");
	ck_str(buf_str(&seen[1].out), "x [1, 2] b'x\\n'\n");
	if (access("/usr/bin/node", X_OK) != 0)
		return;
	o = order(2, 3, node);
	o.input = S("{\"a\":\"x\"}");
	ran(&o);
	ck_str(buf_str(&seen[2].err), "");
	ck_str(buf_str(&seen[2].out), "x nobody\n");
}
END_TEST

/* ---- where there is none ---- */

START_TEST(refuses_without_bwrap)
{
	options.path = plugin;
	runner_anew();
	ran_sh(1, "echo ran");
	ck_assert_int_eq(seen[1].end.code, RUNNER_NO_START);
	ck_assert_ptr_nonnull(strstr(seen[1].reason, "there is no bwrap here; plugins run only in a sandbox. Install"));
	ck_assert_uint_eq(seen[1].out.n, 0);
}
END_TEST

START_TEST(refuses_where_bwrap_cannot)
{
	put("plugins/p/bwrap", "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2; exit 1\n", 0755);
	options.path = plugin;
	options.sandbox_off = false;
	ck_assert_int_eq(chmod(folder, 0755), 0);
	runner_anew();
	ran_sh(1, "echo ran");
	ck_assert_int_eq(seen[1].end.code, RUNNER_NO_START);
	ck_assert_ptr_nonnull(strstr(seen[1].reason, "the sandbox cannot be made (No permissions to create a new namespace); plugins run only"));
	ck_assert_uint_eq(seen[1].out.n + seen[1].err.n, 0);
}
END_TEST

START_TEST(without_a_sandbox_on_request)
{
	static const struct runner_secret list[] = {{{"token", sizeof("token") - 1}, {"hunter2", sizeof("hunter2") - 1}}};
	static const struct str words[] = {{"./hello", sizeof("./hello") - 1}, {"x", sizeof("x") - 1}}, missing[] = {{"no-such-program", sizeof("no-such-program") - 1}};
	struct runner_order o = sh(1, "id -u; cat $OPSROOM_SECRETS/token; ls -d $OPSROOM_SECRETS; grep NoNewPrivs /proc/self/status; ulimit -n; env | grep -c TOKEN; (setsid sleep 1000 &); exit 4");
	char secrets[64] = "";
	const char *at;

	setenv("TOKEN", "of-the-daemon", 1);
	options.sandbox_off = true;
	runner_anew();
	o.secrets = list;
	o.secret_count = 1;
	ran(&o);
	ck_assert_int_eq(seen[1].end.code, 4);
	at = strstr(seen[1].out.p, "/dev/shm/");
	ck_assert_ptr_nonnull(at);
	ck_assert(sscanf(at, "%63s", secrets) == 1 && access(secrets, F_OK) != 0); /* gone with it */
	ck_assert_ptr_nonnull(strstr(seen[1].out.p, "NoNewPrivs:\t1\n256\n0\n"));
	ck_assert(!str_starts(buf_str(&seen[1].out), S("0\n")) && strstr(seen[1].out.p, "hunter2"));
	o = order(2, 2, words);
	o.folder = plugin;
	ran(&o);
	ck_assert_int_eq(seen[2].end.code, 0);
	ck_assert(str_ends(buf_str(&seen[2].out), S("./hello x\ndata\n")));
	o = order(3, 1, missing);
	ck_assert_int_eq(ran(&o)->end.code, RUNNER_NOT_FOUND);
	o = sh(4, "trap 'echo told' TERM; echo up; sleep 1000 & wait; exit 0");
	o.limits.time = 300;
	ran(&o);
	ck_assert(seen[4].end.timed_out);
	ck_str(buf_str(&seen[4].out), "up\ntold\n");
}
END_TEST

/* ---- containers ---- */

/* Stands in for podman: tells how it was called, then runs the command as the container would. */
#define PODMAN                                                                                                         \
	"#!/bin/bash\n"                                                                                                \
	"[ \"$1\" = rm ] && { echo \"$*\" >>$(dirname $0)/removed; exit; }\n"                                          \
	"while [ \"${1#-}\" != \"$1\" ] || [ \"$1\" = run ]; do echo \"$1\"; shift; done\n"                            \
	"echo \"image $1\"; shift; [ \"$1\" = fail ] && exit 125; echo \"secret $SECRET\"; exec \"$@\"\n"

START_TEST(containers)
{
	static const struct str words[] = {{"cat", sizeof("cat") - 1}}, env[] = {{"SECRET=in-env", sizeof("SECRET=in-env") - 1}};
	struct runner_order o = order(1, 1, words);

	put("plugins/p/podman", PODMAN, 0755);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	options.path = plugin;
	runner_anew();
	o.image = S("registry/app:1.2");
	o.folder = plugin;
	o.env = env;
	o.env_count = 1;
	o.input = S("the input\n");
	ran(&o);
	ck_assert_msg(seen[1].end.code == 0, "%s " STR_FMT, seen[1].reason, STR_ARG(buf_str(&seen[1].err)));
	for (const char **w = (const char *[]){"run\n--rm\n-i\n--read-only\n--cap-drop=all\n--pull=never\n", "--network=none\n", "--env=SECRET\n", ":/plugin:ro\n",
					       "image registry/app:1.2\nsecret in-env\nthe input\n", "--pids-limit=64\n", NULL};
	     *w; w++)
		ck_assert_msg(strstr(seen[1].out.p, *w), "%s: %s", *w, seen[1].out.p);
}
END_TEST

START_TEST(a_container_that_does_not_hear_is_removed)
{
	const struct str words[] = {S("sh"), S("-c"), S("trap '' TERM; echo up; while :; do sleep 0.1; done")};
	struct runner_order o = order(1, 3, words), bad = order(2, 1, (const struct str[]){S("fail")});
	char removed[200], text[200] = "";
	FILE *f = NULL;

	put("plugins/p/podman", PODMAN, 0755);
	ck_assert(chmod(folder, 0755) == 0 && chmod(plugin, 0777) == 0);
	options.path = plugin;
	runner_anew();
	o.image = bad.image = S("app");
	o.limits.time = 200;
	ck_assert_int_eq(ran(&o)->end.code, RUNNER_TIMED_OUT);
	snprintf(removed, sizeof removed, "%s/removed", plugin);
	while (!strstr(text, "\n")) /* it is on its way */
		if ((f = fopen(removed, "r"))) {
			ck_assert(fgets(text, sizeof text, f) || feof(f));
			fclose(f);
		}
	ck_assert(str_starts(str_of(text), S("rm --force --time=0 opsroom-")));
	ran(&bad);
	ck_assert_int_eq(seen[2].end.code, RUNNER_NO_START);
	ck_assert_str_eq(seen[2].reason, "podman cannot run the container; it says why on stderr");
}
END_TEST

START_TEST(no_podman)
{
	struct runner_order o = sh(1, ":");

	options.path = plugin;
	runner_anew();
	o.image = S("x");
	ran(&o);
	ck_assert_int_eq(seen[1].end.code, RUNNER_NO_START);
	ck_assert_str_eq(seen[1].reason, "this plugin runs in a container, and there is no podman here; install Debian's podman");
}
END_TEST

int main(int argc, char **argv)
{
	const struct unit_test tests[] = {
		{"inside", its_folder},
		{"inside", sees_nothing_of_the_host},
		{"inside", environment_is_ours},
		{"inside", files_processes_and_rights},
		{"inside", network},
		{"inside", secrets_are_files},
		{"limits", fork_bomb_is_held},
		{"limits", memory_is_held},
		{"limits", node_and_python_live_in_the_limits},
		{"without", refuses_without_bwrap},
		{"without", refuses_where_bwrap_cannot},
		{"without", without_a_sandbox_on_request},
		{"containers", containers},
		{"containers", a_container_that_does_not_hear_is_removed},
		{"containers", no_podman},
	};

	if (argc == 2 && strcmp(argv[1], RUNNER_ARGUMENT) == 0)
		return runner_main();
	return unit_run_in("net/sandbox", tests, COUNT_OF(tests), open_sandbox, close_sandbox);
}
