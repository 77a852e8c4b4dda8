/* SPDX-License-Identifier: MIT */
/* without_proc <program> <arguments>: runs the program with empty /proc and /sys. Ends with 77 where this
 * is impossible. */
#include "common/must.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

enum { kNotAllowed = 77 };

static int empty(const char* directory) {
    return mount("none", directory, "tmpfs", 0, NULL) == 0;
}

int main(int count, char** arguments) {
    MUST(count >= 2);
    const int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (unshare(flags) != 0) return kNotAllowed;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return kNotAllowed;
    if (!empty("/proc") || !empty("/sys")) return kNotAllowed;
    MUST(access("/proc/self/maps", F_OK) != 0);
    execv(arguments[1], arguments + 1);
    give_up("exec does not work");
}
