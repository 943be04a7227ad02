/* base/apart.h -- this program once more, as a process that is apart: one argument that says what it is, a socket on its standard input, no
 * environment, nothing else open.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* false: errno says why, *pid is 0. `theirs` stays open here. */
bool apart_spawn(const char *argument, int theirs, pid_t *pid);
