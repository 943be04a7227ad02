/* net/sandbox.h -- starts one program in a sandbox of bubblewrap, with limits. For the runner's process alone: it is one thread, has given up
 * root, and nothing that matters lies in its memory.
 *
 * In the sandbox: namespaces of its own for users, processes, mounts, IPC, host name and, unless the network is given, network; no
 * capability, no way to get one (no_new_privs) and no further user namespace; the user 65534. It sees, read-only, /usr (with /bin, /lib ...),
 * its folder at /plugin and an /etc of a few files (resolver and certificates only with the network); a /proc of its own processes; the
 * devices null, zero, full, random, urandom; 64 MiB at /tmp, the only place that it can write. Its secrets are in /run/secrets.
 * It dies with the runner, however that ends.
 *
 * Switched off, it has the limits, no_new_privs and a session of its own, and nothing else; its secrets are in a folder of /dev/shm.
 */
#pragma once
#include "net/runner.h"

#include <limits.h>

#define SANDBOX_USER 65534
#define SANDBOX_PATH "PATH=/usr/local/bin:/usr/bin:/bin"

enum sandbox_kind {
	SANDBOX_BWRAP,
	SANDBOX_OFF,
	SANDBOX_PODMAN, /* containers instead; started by root it stays root, which podman then needs: inside they are the user 65534 */
};

struct sandbox {
	char bwrap[PATH_MAX], podman[PATH_MAX]; /* "": there is none */
	enum sandbox_kind kind;
	char scratch[64];           /* a folder of ours, mode 0700: etc/, sockets */
	struct buf alone, on_network; /* bwrap's options, each with its NUL */
};

struct sandbox_child {
	pid_t pid;
	int status, gate; /* bwrap's reports; a byte lets it go on. -1 without bwrap */
	char secrets[32]; /* a folder to remove afterwards; "": none */
	char container[64]; /* its name; "": none */
};

/* scratch: an empty folder. path: where bwrap and podman are. A missing bwrap is told by the first start. */
MUST_USE bool sandbox_init(struct sandbox *s, const char *scratch, const char *path, enum sandbox_kind kind, struct err *err);
void sandbox_done(struct sandbox *s); /* the scratch folder goes too */
/* Low file numbers are taken, so that no file of ours has one that a child is given. Once, before all else. */
MUST_USE bool sandbox_reserve_files(void);

/* stdio: the child's ends; all files stay the caller's. socket: path of a unix socket, or NULL.
 * false: *code is one of enum runner_code, *err says why. A program that bwrap cannot run is told by bwrap: sandbox_explain(). */
MUST_USE bool sandbox_start(const struct sandbox *s, const struct runner_order *o, const int stdio[3], const char *socket,
			    struct sandbox_child *child, int *code, struct err *err);
/* Lets it go on: `inside` is the sandbox's first process, from bwrap's report. */
void sandbox_let_go(struct sandbox_child *child, pid_t inside, const struct runner_limits *limits);
/* What bwrap said on stderr in place of the program, as an exit code and a sentence. */
int sandbox_explain(struct str said, const char *program, struct err *err);
/* Takes away what a child leaves behind: secrets and, if `killed`, its container. */
void sandbox_clean(const struct sandbox *s, struct sandbox_child *child, bool killed);

void folder_remove(const char *path); /* with all that is in it */
