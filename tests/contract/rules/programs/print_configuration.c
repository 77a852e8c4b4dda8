/* SPDX-License-Identifier: MIT */
/*
 * Without arguments it does nothing (the allocator may print its configuration).
 *
 * secure <library>: makes a set-user-ID copy of itself and runs it as user nobody. In a mount namespace of
 * its own, /etc/ld.so.preload names the library, as an administrator may do. Ends with 77 without the
 * privilege.
 */
#include "exercise.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { kNotAllowed = 77, kNobody = 65534 };

static void copy_to(const char* path) {
    const int from = open("/proc/self/exe", O_RDONLY);
    MUST(from >= 0);
    const int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    MUST(to >= 0);
    struct stat status;
    MUST(fstat(from, &status) == 0);
    MUST(sendfile(to, from, NULL, (size_t)status.st_size) == status.st_size);
    MUST(close(from) == 0 && close(to) == 0);
    MUST(chmod(path, S_ISUID | 0755) == 0);
}

/* Enters a namespace whose /etc has only ld.so.preload, and whose /run is for the copy (the usual /tmp may
 * be nosuid). */
static int enter_namespace(const char* library) {
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0) return 0;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return 0;
    if (mount("none", "/run", "tmpfs", 0, NULL) != 0 || mount("none", "/etc", "tmpfs", 0, NULL) != 0)
        return 0;
    const int file = open("/etc/ld.so.preload", O_WRONLY | O_CREAT, 0644);
    MUST(file >= 0);
    MUST(dprintf(file, "%s\n", library) > 0);
    MUST(close(file) == 0);
    return 1;
}

int main(int count, char** arguments) {
    exercise(1000);
    if (count == 2) { /* the copy, started below */
        MUST(getauxval(AT_SECURE) == 1);
        MUST(dlsym(RTLD_DEFAULT, "ashlar_version") != NULL);
        return 0;
    }
    if (count < 3) return 0;
    if (!enter_namespace(arguments[2])) return kNotAllowed;
    copy_to("/run/copy");
    MUST(setresgid(kNobody, kNobody, kNobody) == 0 && setresuid(kNobody, kNobody, kNobody) == 0);
    MUST(setenv("ASHLAR_CONF", "print:true", 1) == 0);
    unsetenv("LD_PRELOAD"); /* afterwards only /etc/ld.so.preload loads the library */
    char* const command[] = {(char*)"/run/copy", (char*)"secure", NULL};
    execv(command[0], command);
    give_up("exec does not work");
}
