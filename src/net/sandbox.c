#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define TMP_BYTES "67108864"
#define TMPFS_MAGIC 0x01021994
#define SOCKET_INSIDE "/run/opsroom.sock"
#define NO_SANDBOX "; plugins run only in a sandbox. Install Debian's bubblewrap and let users make namespaces (sysctl " \
	"kernel.unprivileged_userns_clone=1, no chroot around us), or switch it off in the settings"

/* Where a child finds its files. */
enum place { AT_ARGS = 3, AT_STATUS, AT_GATE, AT_SECRETS, PLACES = AT_SECRETS + RUNNER_SECRETS };

/* ---- the options that are the same for all ---- */

static void option(struct buf *b, const char *word)
{
	buf_add(b, str_n(word, strlen(word) + 1));
}

static void options(struct buf *b, const char *const *words)
{
	for (; *words; words++)
		option(b, *words);
}

/* /bin is a link to usr/bin on a merged system, else a folder. */
static void add_system_folders(struct buf *b)
{
	static const char *const folders[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

	options(b, (const char *[]){"--ro-bind", "/usr", "/usr", NULL});
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		char target[PATH_MAX];
		ssize_t n = readlink(folders[i], target, sizeof target - 1);

		if (n > 0) {
			target[n] = '\0';
			options(b, (const char *[]){"--symlink", target, folders[i], NULL});
		} else
			options(b, (const char *[]){"--ro-bind-try", folders[i], folders[i], NULL});
	}
}

static void bind_same(struct buf *b, const char *how, const char *path)
{
	options(b, (const char *[]){how, path, path, NULL});
}

static void build_options(struct buf *b, const char *scratch, bool network)
{
	static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
	static const char *const files[] = {"/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime"};
	static const char *const network_files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/etc/ssl/openssl.cnf"};
	char etc[PATH_MAX];

	snprintf(etc, sizeof etc, "%s/etc", scratch);
	buf_init(b, 64 * KIB);
	options(b, (const char *[]){"--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534", "--hostname",
				    "plugin", "--die-with-parent", "--new-session", "--cap-drop", "ALL", NULL});
	if (network)
		option(b, "--share-net");
	add_system_folders(b);
	options(b, (const char *[]){"--ro-bind", etc, "/etc", NULL});
	for (size_t i = 0; i < COUNT_OF(files); i++)
		bind_same(b, "--ro-bind-try", files[i]);
	for (size_t i = 0; network && i < COUNT_OF(network_files); i++)
		bind_same(b, "--ro-bind-try", network_files[i]);
	options(b, (const char *[]){"--proc", "/proc", "--size", TMP_BYTES, "--perms", "1777", "--tmpfs", "/tmp", "--dir", "/dev", "--symlink", "/tmp",
				    "/dev/shm", "--symlink", "/proc/self/fd", "/dev/fd", "--dir", "/run/secrets", NULL});
	for (size_t i = 0; i < COUNT_OF(devices); i++)
		bind_same(b, "--dev-bind", devices[i]);
}

static bool put_file(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The /etc of the sandbox. Empty files are places for the host's to be bound to. */
static bool make_etc(const char *scratch)
{
	static const char *const empty[] = {"ld.so.cache", "localtime", "resolv.conf", "ssl/openssl.cnf"};
	static const char *const folders[] = {"etc", "etc/alternatives", "etc/ssl", "etc/ssl/certs"};
	int at = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC), etc = -1;
	bool ok = at >= 0;

	for (size_t i = 0; ok && i < COUNT_OF(folders); i++)
		ok = mkdirat(at, folders[i], 0755) == 0;
	etc = ok ? openat(at, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	ok = etc >= 0 && put_file(etc, "passwd", "root:x:0:0:root:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n") &&
	     put_file(etc, "group", "root:x:0:\nnogroup:x:65534:\n") && put_file(etc, "nsswitch.conf", "hosts: files dns\n") &&
	     put_file(etc, "hosts", "127.0.0.1 localhost\n::1 localhost\n");
	for (size_t i = 0; ok && i < COUNT_OF(empty); i++)
		ok = put_file(etc, empty[i], "");
	if (etc >= 0)
		close(etc);
	if (at >= 0)
		close(at);
	return ok;
}

static void find_program(const char *path, const char *name, char out[PATH_MAX])
{
	struct str rest = str_of(path), folder;

	while (rest.n) {
		rest = str_cut(rest, ':', &folder);
		if (snprintf(out, PATH_MAX, STR_FMT "/%s", STR_ARG(folder), name) < PATH_MAX && access(out, X_OK) == 0)
			return;
	}
	out[0] = '\0';
}

bool sandbox_init(struct sandbox *s, const char *scratch, const char *path, enum sandbox_kind kind, struct err *err)
{
	*s = (struct sandbox){.kind = kind};
	snprintf(s->scratch, sizeof s->scratch, "%s", scratch);
	find_program(path, "bwrap", s->bwrap);
	find_program(path, "podman", s->podman);
	build_options(&s->alone, scratch, false);
	build_options(&s->on_network, scratch, true);
	if (make_etc(scratch))
		return true;
	err_set(err, ERR_UNAVAILABLE, "the folder %s cannot be used: %s", scratch, strerror(errno));
	return false;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	remove(path);
	return 0;
}

void folder_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void sandbox_done(struct sandbox *s)
{
	buf_done(&s->alone);
	buf_done(&s->on_network);
	folder_remove(s->scratch);
}

bool sandbox_reserve_files(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (fd >= 0 && fd < PLACES)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);
	return fd >= 0;
}

/* ---- starting ---- */

struct launch {
	const char *paths[4]; /* tried in turn */
	char **argv, **env;
	int files[PLACES]; /* -1: none */
	const char *folder; /* to start in */
	const struct runner_limits *limits; /* NULL: none */
	bool privileges;   /* podman's helpers are setuid */
	bool session;
	int failed;        /* errno */
};

/* The user that a fork bomb is counted for is the sandbox's own only inside of it, so bwrap's first process gets that limit later. */
static void set_limits(const struct runner_limits *l)
{
	const struct rlimit none = {0, 0}, memory = {l->memory_bytes, l->memory_bytes}, files = {l->files, l->files};

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_DATA, &memory);
	setrlimit(RLIMIT_NOFILE, &files);
}

/* In the child, which shares our memory until it is another program. */
static void be_child(volatile struct launch *shared)
{
	struct launch *l = (struct launch *)shared;
	int why = 0;
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (l->session)
		setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < PLACES; i++)
		if (l->files[i] >= 0)
			dup2(l->files[i], i);
	if (chdir(l->folder) != 0) {
		l->failed = errno;
		_exit(127);
	}
	if (l->limits)
		set_limits(l->limits);
	if (!l->privileges)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (size_t i = 0; i < COUNT_OF(l->paths) && l->paths[i]; i++) {
		execve(l->paths[i], l->argv, l->env);
		if (!why || errno != ENOENT)
			why = errno;
	}
	l->failed = why;
	_exit(127);
}

static pid_t launch(struct launch *l)
{
	volatile struct launch *shared = l;
	pid_t pid;

	l->failed = 0;
	pid = vfork();
	if (pid == 0)
		be_child(shared);
	if (pid < 0)
		l->failed = errno;
	else if (l->failed)
		waitpid(pid, NULL, 0);
	return l->failed ? 0 : pid;
}

static void search_path(struct arena *a, const char *name, const char *paths[4])
{
	static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};

	if (strchr(name, '/')) {
		paths[0] = name;
		return;
	}
	for (size_t i = 0; i < COUNT_OF(folders); i++)
		paths[i] = arena_printf(a, "%s/%s", folders[i], name).p;
}

/* A file in memory that reads from its beginning. */
static int memory_file(struct str text)
{
	int fd = memfd_create("opsroom", MFD_CLOEXEC);

	for (struct str left = text; fd >= 0 && left.n;) {
		ssize_t n = write(fd, left.p, left.n);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		left = str_n(left.p + n, left.n - (size_t)n);
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static char **words(struct arena *a, const struct str *from, size_t count, size_t spare)
{
	char **list = arena_zero(a, (count + spare + 1) * sizeof *list);

	for (size_t i = 0; i < count; i++)
		list[i] = (char *)arena_dup(a, from[i]).p;
	return list;
}

/* What every program finds, and the order's own. */
static char **environment(struct arena *a, const struct runner_order *o, const char *secrets, const char *socket)
{
	char **env = words(a, o->env, o->env_count, 5);
	size_t n = o->env_count;

	env[n++] = SANDBOX_PATH;
	env[n++] = "HOME=/tmp";
	env[n++] = "LANG=C.UTF-8";
	if (secrets)
		env[n++] = (char *)arena_printf(a, "OPSROOM_SECRETS=%s", secrets).p;
	if (socket)
		env[n++] = (char *)arena_printf(a, "OPSROOM_SOCKET=%s", socket).p;
	return env;
}

/* ---- in bubblewrap ---- */

static void add_number(struct buf *b, const char *word, int number)
{
	char digits[16];

	snprintf(digits, sizeof digits, "%d", number);
	option(b, word);
	option(b, digits);
}

static void add_environment(struct buf *b, struct arena *a, char **env)
{
	option(b, "--clearenv");
	for (; *env; env++) {
		struct str name, value = str_cut(str_of(*env), '=', &name);

		options(b, (const char *[]){"--setenv", arena_dup(a, name).p, value.p, NULL});
	}
}

static bool add_secrets(struct buf *b, struct arena *a, const struct runner_order *o, struct launch *l)
{
	for (size_t i = 0; i < o->secret_count; i++) {
		int place = AT_SECRETS + (int)i;

		l->files[place] = memory_file(o->secrets[i].content);
		if (l->files[place] < 0)
			return false;
		options(b, (const char *[]){"--perms", "0400", NULL});
		add_number(b, "--file", place);
		option(b, arena_printf(a, "/run/secrets/" STR_FMT, STR_ARG(o->secrets[i].name)).p);
	}
	return true;
}

/* Options go in a file: their environment may hold secrets, and everybody can read arguments. */
static bool add_options(const struct sandbox *s, struct arena *a, const struct runner_order *o, const char *socket, struct launch *l)
{
	const struct buf *common = o->network ? &s->on_network : &s->alone;
	struct buf b;
	bool ok;

	buf_init(&b, 4 * MIB);
	buf_add(&b, buf_str(common));
	add_number(&b, "--json-status-fd", AT_STATUS);
	add_number(&b, "--block-fd", AT_GATE);
	if (o->folder)
		options(&b, (const char *[]){"--ro-bind", o->folder, "/plugin", NULL});
	options(&b, (const char *[]){"--chdir", o->folder ? "/plugin" : "/tmp", NULL});
	if (socket)
		options(&b, (const char *[]){"--bind", socket, SOCKET_INSIDE, NULL});
	ok = add_secrets(&b, a, o, l);
	options(&b, (const char *[]){"--remount-ro", "/", NULL});
	add_environment(&b, a, environment(a, o, "/run/secrets", socket ? SOCKET_INSIDE : NULL));
	l->files[AT_ARGS] = ok && !b.failed ? memory_file(buf_str(&b)) : -1;
	buf_done(&b);
	return l->files[AT_ARGS] >= 0;
}

static char **bwrap_words(struct arena *a, const struct runner_order *o)
{
	static const char *const before[] = {"bwrap", "--args", "3", "--"};
	char **rest = words(a, o->argv, o->argc, 0), **argv = arena_zero(a, (o->argc + COUNT_OF(before) + 1) * sizeof *argv);

	memcpy(argv, before, sizeof before);
	memcpy(argv + COUNT_OF(before), rest, o->argc * sizeof *rest);
	return argv;
}

static void close_files(struct launch *l, int from)
{
	for (int i = from; i < PLACES; i++)
		if (l->files[i] >= 0)
			close(l->files[i]);
}

static bool start_in_bwrap(const struct sandbox *s, struct arena *a, const struct runner_order *o, const char *socket, struct launch *l,
			   struct sandbox_child *child, struct err *err)
{
	static char *no_environment[] = {NULL};
	int status[2] = {-1, -1}, gate[2] = {-1, -1};

	l->paths[0] = s->bwrap;
	l->argv = bwrap_words(a, o);
	l->env = no_environment;
	if (pipe2(status, O_CLOEXEC) == 0 && pipe2(gate, O_CLOEXEC) == 0) {
		l->files[AT_STATUS] = status[1];
		l->files[AT_GATE] = gate[0];
		if (add_options(s, a, o, socket, l))
			child->pid = launch(l);
	}
	close_files(l, AT_ARGS);
	if (child->pid) {
		fcntl(status[0], F_SETFL, O_NONBLOCK);
		child->status = status[0];
		child->gate = gate[1];
		return true;
	}
	err_set(err, ERR_UNAVAILABLE, "the sandbox cannot be started: %s", strerror(l->failed ? l->failed : errno));
	if (status[0] >= 0)
		close(status[0]);
	if (gate[1] >= 0)
		close(gate[1]);
	return false;
}

void sandbox_let_go(struct sandbox_child *child, pid_t inside, const struct runner_limits *limits)
{
	const struct rlimit processes = {limits->processes + 1, limits->processes + 1}; /* bwrap's own is one */

	if (child->gate < 0)
		return;
	/* Without the limit nothing runs: a gate that closes unopened would let it go too. */
	if (prlimit(inside, RLIMIT_NPROC, &processes, NULL) != 0)
		kill(inside, SIGKILL);
	else if (write(child->gate, "", 1) != 1)
		kill(inside, SIGKILL);
	close(child->gate);
	child->gate = -1;
}

int sandbox_explain(struct str said, const char *program, struct err *err)
{
	said = str_trim(said);
	if (str_starts(said, S("bwrap: ")))
		said = str_n(said.p + 7, said.n - 7);
	if (str_starts(said, S("Can't find source path "))) {
		err_set(err, ERR_NOT_FOUND, "the plugin's folder cannot be reached (" STR_FMT ")", STR_ARG(str_clip(said, 250)));
		return RUNNER_NO_START;
	}
	if (!str_starts(said, S("execvp "))) {
		err_set(err, ERR_UNAVAILABLE, "the sandbox cannot be made (" STR_FMT ")" NO_SANDBOX, STR_ARG(str_clip(said, 120)));
		return RUNNER_NO_START;
	}
	if (str_ends(said, S("No such file or directory"))) {
		err_set(err, ERR_NOT_FOUND, "there is no program %.200s, or not the one that its first line names", program);
		return RUNNER_NOT_FOUND;
	}
	err_set(err, ERR_INVALID, "%.200s cannot be run: is it executable, by everybody?", program);
	return RUNNER_NOT_RUNNABLE;
}

/* ---- without it, and containers ---- */

/* A container's program is not root, and what it is given is its own. */
static bool give_away(int folder, const char *name)
{
	return getuid() != 0 || fchownat(folder, name, SANDBOX_USER, SANDBOX_USER, 0) == 0;
}

/* Secrets in memory where we cannot mount: a folder of /dev/shm. */
static bool put_secrets(const struct runner_order *o, struct sandbox_child *child, struct err *err)
{
	struct statfs fs;
	bool ok;
	int at;

	if (!o->secret_count)
		return true;
	if (statfs("/dev/shm", &fs) != 0 || fs.f_type != TMPFS_MAGIC) {
		err_set(err, ERR_UNAVAILABLE, "secrets have no place: /dev/shm is not in memory");
		return false;
	}
	snprintf(child->secrets, sizeof child->secrets, "/dev/shm/opsroom-XXXXXX");
	if (!mkdtemp(child->secrets)) {
		child->secrets[0] = '\0';
		err_set(err, ERR_UNAVAILABLE, "secrets have no place: %s", strerror(errno));
		return false;
	}
	at = open(child->secrets, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = at >= 0 && give_away(at, ".");
	for (size_t i = 0; ok && i < o->secret_count; i++) {
		struct str content = o->secrets[i].content;
		char name[256];
		int fd;

		snprintf(name, sizeof name, STR_FMT, STR_ARG(o->secrets[i].name));
		fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
		ok = fd >= 0 && write(fd, content.p, content.n) == (ssize_t)content.n && give_away(at, name);
		if (fd >= 0)
			close(fd);
	}
	if (!ok)
		err_set(err, ERR_UNAVAILABLE, "secrets have no place: %s", strerror(errno));
	if (at >= 0)
		close(at);
	return ok;
}

static bool start_bare(struct arena *a, const struct runner_order *o, const char *socket, struct launch *l, struct sandbox_child *child,
		       int *code, struct err *err)
{
	if (!put_secrets(o, child, err))
		return false;
	l->argv = words(a, o->argv, o->argc, 0);
	l->env = environment(a, o, child->secrets[0] ? child->secrets : NULL, socket);
	if (o->folder)
		l->folder = o->folder;
	l->session = true;
	search_path(a, l->argv[0], l->paths);
	child->pid = launch(l);
	if (child->pid)
		return true;
	*code = l->failed == ENOENT ? RUNNER_NOT_FOUND : RUNNER_NOT_RUNNABLE;
	err_set(err, ERR_INVALID, "%.200s cannot be run: %s", l->argv[0], strerror(l->failed));
	return false;
}

static char **podman_environment(struct arena *a, const struct runner_order *o, const char *socket)
{
	char **env = environment(a, o, "/run/secrets", socket), **all;
	const struct passwd *user = getpwuid(getuid());
	size_t n = 0;

	for (char **one = env; *one; one++) /* its images are at home */
		if (!user || strncmp(*one, "HOME=", 5) != 0)
			env[n++] = *one;
	all = arena_zero(a, (n + 3) * sizeof *all);
	memcpy(all, env, n * sizeof *all);
	if (user)
		all[n++] = (char *)arena_printf(a, "HOME=%s", user->pw_dir).p;
	all[n++] = (char *)arena_printf(a, "XDG_RUNTIME_DIR=/run/user/%u", (unsigned)getuid()).p;
	return all;
}

struct word_list {
	char *words[4096];
	size_t count;
};

static void word(struct word_list *w, const char *text)
{
	if (w->count + 1 < COUNT_OF(w->words))
		w->words[w->count++] = (char *)text;
}

/* Values of the environment go by podman's own ("--env NAME"), because everybody can read arguments. */
static void podman_words(struct arena *a, const struct sandbox *s, const struct runner_order *o, const char *socket, struct sandbox_child *child,
			 char **env, struct word_list *w)
{
	static const char *const same[] = {"run", "--rm", "-i", "--read-only", "--cap-drop=all", "--pull=never", "--log-driver=none",
					   "--security-opt=no-new-privileges", "--user=65534:65534", "--tmpfs=/tmp:rw,size=" TMP_BYTES ",mode=1777",
					   "--ulimit=core=0"};

	word(w, s->podman);
	for (size_t i = 0; i < COUNT_OF(same); i++)
		word(w, same[i]);
	snprintf(child->container, sizeof child->container, "opsroom-%d-%lld", (int)getpid(), (long long)o->id);
	word(w, arena_printf(a, "--name=%s", child->container).p);
	if (getuid() != 0)
		word(w, "--userns=keep-id:uid=65534,gid=65534"); /* what is ours is the program's */
	word(w, o->network ? "--network=host" : "--network=none");
	word(w, arena_printf(a, "--memory=%zu", o->limits.memory_bytes).p);
	word(w, arena_printf(a, "--pids-limit=%u", o->limits.processes).p);
	word(w, arena_printf(a, "--ulimit=nofile=%u:%u", o->limits.files, o->limits.files).p);
	if (!o->serve.n) /* conmon's own clock, should we be gone */
		word(w, arena_printf(a, "--timeout=%lld", (long long)(o->limits.time / SECOND + 10)).p);
	if (o->folder) {
		word(w, arena_printf(a, "--volume=%s:/plugin:ro", o->folder).p);
		word(w, "--workdir=/plugin");
	}
	if (child->secrets[0])
		word(w, arena_printf(a, "--volume=%s:/run/secrets:ro", child->secrets).p);
	if (socket)
		word(w, arena_printf(a, "--volume=%s:" SOCKET_INSIDE, socket).p);
	for (; *env; env++) {
		struct str name;

		str_cut(str_of(*env), '=', &name);
		if (!str_is(name, "XDG_RUNTIME_DIR") && !str_is(name, "PATH") && !str_is(name, "HOME"))
			word(w, arena_printf(a, "--env=" STR_FMT, STR_ARG(name)).p);
	}
	word(w, "--env=HOME=/tmp");
	word(w, arena_dup(a, o->image).p);
	for (size_t i = 0; i < o->argc; i++)
		word(w, arena_dup(a, o->argv[i]).p);
}

static bool start_container(const struct sandbox *s, struct arena *a, const struct runner_order *o, const char *socket, struct launch *l,
			    struct sandbox_child *child, struct err *err)
{
	struct word_list *w = arena_zero(a, sizeof *w);

	if (!s->podman[0]) {
		err_set(err, ERR_UNAVAILABLE, "this plugin runs in a container, and there is no podman here; install Debian's podman");
		return false;
	}
	if (!put_secrets(o, child, err))
		return false;
	if (socket && !give_away(AT_FDCWD, socket)) {
		err_set(err, ERR_UNAVAILABLE, "the container's socket cannot be given to it: %s", strerror(errno));
		return false;
	}
	l->env = podman_environment(a, o, socket ? SOCKET_INSIDE : NULL);
	podman_words(a, s, o, socket, child, l->env, w);
	l->argv = w->words;
	l->paths[0] = s->podman;
	l->limits = NULL;
	l->privileges = l->session = true;
	child->pid = launch(l);
	if (child->pid)
		return true;
	err_set(err, ERR_UNAVAILABLE, "podman cannot be started: %s", strerror(l->failed));
	return false;
}

bool sandbox_start(const struct sandbox *s, const struct runner_order *o, const int stdio[3], const char *socket,
		   struct sandbox_child *child, int *code, struct err *err)
{
	struct launch l = {.folder = "/tmp", .limits = &o->limits};
	struct arena a;
	bool ok;

	*child = (struct sandbox_child){.status = -1, .gate = -1};
	*code = RUNNER_NO_START;
	for (int i = 0; i < PLACES; i++)
		l.files[i] = i < 3 ? stdio[i] : -1;
	arena_init(&a);
	if (s->kind == SANDBOX_PODMAN)
		ok = start_container(s, &a, o, socket, &l, child, err);
	else if (s->kind == SANDBOX_OFF)
		ok = start_bare(&a, o, socket, &l, child, code, err);
	else if (s->bwrap[0])
		ok = start_in_bwrap(s, &a, o, socket, &l, child, err);
	else {
		err_set(err, ERR_UNAVAILABLE, "there is no bwrap here" NO_SANDBOX);
		ok = false;
	}
	arena_done(&a);
	if (!ok)
		sandbox_clean(s, child, false);
	return ok;
}

void sandbox_clean(const struct sandbox *s, struct sandbox_child *child, bool killed)
{
	if (child->status >= 0)
		close(child->status);
	if (child->gate >= 0)
		close(child->gate);
	child->status = child->gate = -1;
	if (child->secrets[0])
		folder_remove(child->secrets);
	child->secrets[0] = '\0';
	if (child->container[0] && killed) { /* podman's own death does not end it */
		char *argv[] = {(char *)s->podman, "rm", "--force", "--time=0", child->container, NULL};
		char *env[] = {SANDBOX_PATH, "HOME=/tmp", NULL};
		pid_t pid;

		if (posix_spawn(&pid, s->podman, NULL, NULL, argv, env) == 0)
			child->container[0] = '\0';
	}
}
