/* SPDX-License-Identifier: MIT */
/*
 * misuse <what> <moment> <size>: passes a pointer that is no live block to free (or realloc). Before that it
 * prints the pointer and the process number on stdout. Then it goes on to the moment at which the library
 * must have found the misuse. Ends with status 0 if the library did not.
 *
 *   what      none double double_later double_by_two double_by_two_at_once double_by_successor interior
 *             unaligned window realloc_interior realloc_freed realloc_moved free_moved usable_size_freed tiny
 *             odd beyond stack variable realloc_tiny usable_size_tiny mapping
 *             (mapping: `size` is the line of /proc/self/maps; prints nothing behind the last line)
 *   moment    call     at once
 *             trim     malloc_trim, then _exit
 *             thread   done by a thread that ends; then _exit
 *             cancelled  at once in a thread that has been cancelled
 *             unheard  trim, with a stderr that has no reader
 *             exit     exit()
 *             main     return from main
 *             packets  trim in a child whose stderr keeps writes apart; prints how many there were
 */
#include "exercise.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static const char* what;
static const char* moment;
static size_t size;
static void* shared;

static void announce(const void* bad) {
    if (dprintf(STDOUT_FILENO, "%p %d\n", bad, getpid()) < 0)
        MUST(errno == EBADF); /* some tests close
                               * stdout */
    if (strcmp(moment, "cancelled") == 0) MUST(pthread_cancel(pthread_self()) == 0);
}

static int is(const char* name) {
    return strcmp(what, name) == 0;
}

static void in_new_thread(void* (*function)(void*)) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, function, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

static void* free_shared(void* unused) {
    (void)unused;
    free(opaque_pointer(shared));
    return NULL;
}

/* Starts the other thread before the first free. Starting it later could allocate and take the very block. */
static sem_t go;
static void* wait_and_free_shared(void* unused) {
    while (sem_wait(&go) != 0)
        MUST(errno == EINTR);
    return free_shared(unused);
}
static void free_by_two(void* block) {
    pthread_t thread;
    MUST(sem_init(&go, 0, 0) == 0);
    MUST(pthread_create(&thread, NULL, wait_and_free_shared, NULL) == 0);
    free(opaque_pointer(block));
    MUST(sem_post(&go) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

/* Releases a block in two threads at once: the calls may overlap. */
static pthread_barrier_t start_line;
static void* meet_and_free_shared(void* unused) {
    pthread_barrier_wait(&start_line);
    return free_shared(unused);
}
static void free_at_once(void* block) {
    pthread_t thread;
    shared = block;
    MUST(pthread_barrier_init(&start_line, NULL, 2) == 0);
    MUST(pthread_create(&thread, NULL, meet_and_free_shared, NULL) == 0);
    meet_and_free_shared(NULL);
    MUST(pthread_join(thread, NULL) == 0);
}

/* Returns an address in line `number` of /proc/self/maps if that mapping holds no blocks, or null behind
 * the last line. Reads without stdio, which allocates a buffer. */
static char* in_mapping(size_t number) {
    static char text[65536];
    const int file = open("/proc/self/maps", O_RDONLY);
    size_t length = 0;
    for (ssize_t count; (count = read(file, text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)count;
    close(file);
    void* const found = dlsym(RTLD_DEFAULT, "ashlar_owns");
    int (*owns)(const void*) = NULL;
    memcpy(&owns, &found, sizeof owns);
    for (char* line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        char* const address = (char*)strtoul(line, NULL, 16);
        if ((found == NULL || !owns(address)) && number-- == 0) return address + 64;
    }
    return NULL;
}

static void* pointer_into_unused_page(void) {
    void* const found = dlsym(RTLD_DEFAULT, "ashlar_owns");
    MUST(found != NULL);
    int (*owns)(const void*) = NULL;
    memcpy(&owns, &found, sizeof owns);
    char* const large = malloc((size_t)1 << 20); /* has pages of its own */
    MUST(owns(large));
    char* const inside = large + ((size_t)1 << 19);
    free(large);
    return opaque_pointer(inside);
}

static void do_it(void) {
    char* const neighbour = malloc(size);
    char* const block = malloc(size);
    char* const behind = opaque_pointer(malloc(size)); /* large blocks cannot grow where they are */
    MUST(block != NULL && neighbour != NULL && behind != NULL);
    memset(block, 1, size);
    if (is("none")) {
        free(block);
        free(neighbour);
        return;
    }
    char* bad = block;
    if (is("window")) bad = pointer_into_unused_page();
    if (is("interior") || is("realloc_interior")) bad = block + (size >= 32 ? 16 : 8);
    if (is("unaligned")) bad = block + 1;
    if (is("tiny") || is("realloc_tiny") || is("usable_size_tiny")) bad = (char*)(uintptr_t)size;
    if (is("odd")) bad = (char*)&what + 1;
    size_t words[4] = {0, size + 17, 0, 0}; /* like the header of a block of the C library's malloc */
    if (is("stack")) bad = (char*)(words + 2);
    if (is("variable")) bad = (char*)&size;
    if (is("beyond")) bad = (char*)(uintptr_t)0x4141414141414140;
    if (is("mapping")) {
        bad = in_mapping(size);
        if (bad == NULL) _exit(0);
    }
    bad = opaque_pointer(bad);
    announce(bad); /* may allocate */
    if (is("realloc_moved") || is("free_moved")) {
        void* const moved = opaque_pointer(realloc(block, 4 * size));
        MUST(moved != NULL && moved != bad);
    }
    if (is("double")) {
        free(block);
        free(opaque_pointer(bad));
    } else if (is("double_later")) {
        void* others[20];
        for (int i = 0; i < 20; ++i)
            others[i] = malloc(size);
        free(block);
        for (int i = 0; i < 20; ++i)
            free(others[i]);
        free(opaque_pointer(bad));
    } else if (is("double_by_two")) {
        shared = block;
        free_by_two(block);
    } else if (is("double_by_two_at_once")) {
        free_at_once(block);
    } else if (is("realloc_freed")) {
        free(block);
        free(realloc(opaque_pointer(bad), 2 * size));
    } else if (is("realloc_moved")) {
        free(realloc(bad, 2 * size));
    } else if (is("usable_size_freed")) {
        free(block);
        MUST(malloc_usable_size(opaque_pointer(bad)) == 0);
    } else if (is("double_by_successor")) {
        shared = block;
        in_new_thread(free_shared);
        free(opaque_pointer(bad));
    } else if (is("realloc_interior") || is("realloc_tiny")) {
        free(realloc(bad, 2 * size + 100));
    } else if (is("usable_size_tiny")) {
        MUST(malloc_usable_size(bad) == 0);
    } else {
        free(bad);
    }
}

static void* do_it_in_thread(void* unused) {
    (void)unused;
    do_it();
    return NULL;
}

/* Counts writes. Each write to a socket of this kind is a separate message. */
static void count_writes(void) {
    int ends[2];
    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    const pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        MUST(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
        MUST(close(STDOUT_FILENO) == 0);
        MUST(dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO); /* the announcement is another write */
        do_it();
        malloc_trim(0);
        _exit(0);
    }
    MUST(close(ends[1]) == 0);
    char text[1024];
    int writes = 0;
    while (recv(ends[0], text, sizeof text, 0) > 0)
        ++writes;
    MUST(writes > 0);
    int status = 0;
    MUST(waitpid(pid, &status, 0) == pid);
    MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    dprintf(STDOUT_FILENO, "%d write%s\n", writes - 1, writes == 2 ? "" : "s");
}

int main(int count, char** arguments) {
    MUST(count == 4);
    const struct rlimit no_core = {0, 0};
    MUST(setrlimit(RLIMIT_CORE, &no_core) == 0);
    what = arguments[1];
    moment = arguments[2];
    size = strtoul(arguments[3], NULL, 10);
    if (strcmp(moment, "packets") == 0) {
        count_writes();
        _exit(0);
    }
    if (strcmp(moment, "thread") == 0 || strcmp(moment, "cancelled") == 0) {
        in_new_thread(do_it_in_thread);
        _exit(0);
    }
    if (strcmp(moment, "unheard") == 0) {
        int ends[2];
        MUST(pipe(ends) == 0 && close(ends[0]) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    }
    do_it();
    if (strcmp(moment, "call") == 0) _exit(0);
    if (strcmp(moment, "trim") == 0 || strcmp(moment, "unheard") == 0) {
        malloc_trim(0);
        _exit(0);
    }
    if (strcmp(moment, "exit") == 0) exit(0);
    return 0;
}
