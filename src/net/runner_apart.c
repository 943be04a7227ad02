/* How the runner's process leaves what it came from: root, and then the namespaces of users, processes and mounts. As the first process of
 * a namespace it takes all that it started with it, whatever kills it: the kernel sees to that. See net/runner_internal.h.
 */
#include "net/runner_internal.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Root's plugins may lie where the user nobody cannot reach them, so they are shown at another place: to us alone, over one that every
 * system has, since a place of our own could not be removed while it is in use. NULL: that did not work. */
static const char *show_folders(const char *folders)
{
	unsigned long flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
	const char *at = access("/mnt", F_OK) == 0 ? "/mnt" : "/srv";

	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 &&
			       mount(folders, at, NULL, MS_BIND | MS_REC, NULL) == 0 && mount(NULL, at, NULL, flags, NULL) == 0
		       ? at
		       : NULL;
}

/* Root would be root in a program's eyes, and no limit of processes holds it. */
static bool give_up_root(void)
{
	return setgroups(0, NULL) == 0 && setresgid(SANDBOX_USER, SANDBOX_USER, SANDBOX_USER) == 0 &&
	       setresuid(SANDBOX_USER, SANDBOX_USER, SANDBOX_USER) == 0;
}

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The same user, alone in a namespace. */
static bool enter_namespaces(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	char users[64], groups[64];

	snprintf(users, sizeof users, "%u %u 1\n", (unsigned)uid, (unsigned)uid);
	snprintf(groups, sizeof groups, "%u %u 1\n", (unsigned)gid, (unsigned)gid);
	prctl(PR_SET_DUMPABLE, 1); /* or /proc/self is root's */
	return unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) == 0 && put_text("/proc/self/setgroups", "deny") &&
	       put_text("/proc/self/uid_map", users) && put_text("/proc/self/gid_map", groups) && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0;
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	for (int i = 0; i <= CAP_LAST_CAP; i++)
		prctl(PR_CAPBSET_DROP, i);
	syscall(SYS_capset, &head, none);
}

/* The process outside stays to be known and killed by, and does nothing. */
static void wait_for(pid_t inside)
{
	int status = 0;

	drop_capabilities();
	for (int fd = 0; fd < 16; fd++)
		close(fd);
	while (waitpid(inside, &status, 0) != inside)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static bool be_first_inside(bool *own_processes)
{
	pid_t inside = fork();

	if (inside < 0)
		return false;
	if (inside > 0)
		wait_for(inside);
	*own_processes = mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
	drop_capabilities();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return true;
}

bool apart_settle(const char *folders, enum sandbox_kind kind, const char **shown_at, bool *own_processes)
{
	*shown_at = NULL;
	*own_processes = false;
	if (getuid() == 0 && kind != SANDBOX_PODMAN) {
		*shown_at = folders[0] ? show_folders(folders) : NULL;
		if (!give_up_root())
			return false;
	}
	if (kind != SANDBOX_BWRAP) {
		*own_processes = true;
		return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
	}
	/* Where this cannot be had, bwrap cannot either, and says so with the first order. */
	return !enter_namespaces() || be_first_inside(own_processes);
}
