/* SPDX-License-Identifier: MIT */
/*
 * failing_calls <once | while>: makes the memory calls (mmap munmap mprotect madvise mremap brk) fail at
 * every point of a workload in turn. Either one call fails, or all calls for a while. The heap must keep the
 * contract: null with ENOMEM, errno kept by free, contents kept. Everything works again once the calls
 * succeed.
 *
 * A filter sends each memory call outside pass_on() below to a SIGSYS handler. The handler puts an error into
 * the result register or makes the call itself. So failures can be switched on and off, which a filter alone
 * cannot do. Every point is tried in a forked child, so each child begins with the same heap.
 */
#include "common/seccomp_filter.h"
#include "exercise.h"
#include "hoard.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>

enum { kFailedAtLeastOnce = 0, kNothingLeftToFail = 3, kMostPoints = 1000, kFailuresInARow = 25 };

static long calls_until_failure = -1; /* negative for never */
static long failures_left;
static long failures;

/* The program supplies the thread's stack. The C library releases pages of its own stacks while all
 * signals are blocked. */
static _Alignas(4096) char stack[256 * 1024];

/* long pass_on(number, six arguments). The filter allows calls that return to after_pass_on. */
long pass_on(long number, long a, long b, long c, long d, long e, long f);
extern const char after_pass_on[];
__asm__(".text\n"
        ".globl pass_on\n"
        ".type pass_on, @function\n"
        "pass_on:\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rdi\n"
        "    mov %rdx, %rsi\n"
        "    mov %rcx, %rdx\n"
        "    mov %r8, %r10\n"
        "    mov %r9, %r8\n"
        "    mov 8(%rsp), %r9\n"
        "    syscall\n"
        ".globl after_pass_on\n"
        "after_pass_on:\n"
        "    ret\n"
        ".size pass_on, . - pass_on\n");

static int must_fail(void) {
    if (calls_until_failure < 0) return 0;
    if (calls_until_failure > 0) {
        --calls_until_failure;
        return 0;
    }
    if (failures_left == 0) return 0;
    --failures_left;
    ++failures;
    return 1;
}

static void on_memory_call(int signal, siginfo_t* info, void* context) {
    (void)signal;
    greg_t* const registers = ((ucontext_t*)context)->uc_mcontext.gregs;
    if (!must_fail())
        registers[REG_RAX] =
            pass_on(info->si_syscall, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                    registers[REG_R10], registers[REG_R8], registers[REG_R9]);
    else /* a failing brk leaves the break unchanged */
        registers[REG_RAX] = info->si_syscall == SYS_brk ? pass_on(SYS_brk, 0, 0, 0, 0, 0, 0) : -ENOMEM;
}

static void divert_memory_calls(void) {
    struct sigaction action = {.sa_sigaction = on_memory_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    MUST(sigaction(SIGSYS, &action, NULL) == 0);
    const int calls[] = {SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap, SYS_brk};
    enum { kCalls = sizeof calls / sizeof calls[0] };
    const uintptr_t passed = (uintptr_t)after_pass_on;
    struct sock_filter program[kCalls + 8];
    size_t length = 0;
    program[length++] = load_of(offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < kCalls; ++i) /* jumps behind the list and the return if a call matches */
        program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i],
                                                         (unsigned char)(kCalls - i), 0);
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[length++] = load_of(offsetof(struct seccomp_data, instruction_pointer));
    program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)passed, 0, 3);
    program[length++] = load_of(offsetof(struct seccomp_data, instruction_pointer) + 4);
    program[length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(passed >> 32), 0, 1);
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    install_filter(program, length);
}

/* Any of these calls may be refused, but only with ENOMEM. */
static void allocate_and_free(void) {
    struct hoard hoard = {NULL, 0, 0};
    for (size_t i = 0; i < 300; ++i) {
        const size_t size = i % 100 == 0 ? 300000 : 16 + i * 7919 % 30000;
        if (!hoard_one(&hoard, size)) MUST(errno == ENOMEM);
    }
    unsigned char* growing = NULL;
    size_t filled = 0;
    for (size_t size = 100; size < 600000; size *= 2) {
        errno = 0;
        unsigned char* const grown = realloc(growing, size);
        if (grown == NULL) {
            MUST(errno == ENOMEM);
            break;
        }
        growing = grown;
        MUST(all_bytes_are(growing, filled, 0x5D));
        memset(growing, 0x5D, size);
        filled = size;
    }
    for (size_t size = 1; size <= 1000000; size *= 10) {
        errno = 0;
        unsigned char* const zeroed = calloc(1, size);
        MUST(zeroed != NULL ? all_bytes_are(zeroed, size, 0) : errno == ENOMEM);
        errno = E2BIG;
        free(zeroed);
        MUST(errno == E2BIG);
        errno = 0;
        void* const aligned = memalign(65536, size);
        MUST(aligned != NULL || errno == ENOMEM);
        free(aligned);
    }
    hoard_check(&hoard);
    MUST(all_bytes_are(growing, filled, 0x5D));
    errno = E2BIG;
    hoard_free(&hoard, 1);
    MUST(errno == E2BIG);
    free(growing);
    MUST(errno == E2BIG);
    const int trimmed = malloc_trim(0);
    MUST(trimmed == 0 || trimmed == 1);
}

static void* in_thread(void* unused) {
    (void)unused;
    allocate_and_free();
    return NULL;
}

static int try_point(long point, long in_a_row) {
    failures_left = in_a_row;
    calls_until_failure = point;
    allocate_and_free();
    pthread_t thread;
    pthread_attr_t attributes;
    MUST(pthread_attr_init(&attributes) == 0 && pthread_attr_setstack(&attributes, stack, sizeof stack) == 0);
    const int error = pthread_create(&thread, &attributes, in_thread, NULL);
    MUST(error == 0 || error == EAGAIN || error == ENOMEM);
    if (error == 0) MUST(pthread_join(thread, NULL) == 0);
    calls_until_failure = -1;
    exercise(300000); /* no call is refused any more */
    return failures > 0 ? kFailedAtLeastOnce : kNothingLeftToFail;
}

int main(int count, char** arguments) {
    MUST(count == 2);
    const int once = strcmp(arguments[1], "once") == 0;
    const long in_a_row = once ? 1 : kFailuresInARow;
    const long stride = once ? 1 : 3;
    divert_memory_calls();
    for (long point = 0; point < kMostPoints; point += stride) {
        const pid_t pid = fork();
        MUST(pid >= 0);
        if (pid == 0) _exit(try_point(point, in_a_row));
        int status = -1;
        MUST(waitpid(pid, &status, 0) == pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == kNothingLeftToFail) {
            dprintf(STDOUT_FILENO, "%ld points\n", point);
            MUST(point > 3);
            return 0;
        }
        if (status != 0) dprintf(STDERR_FILENO, "at point %ld: wait status %#x\n", point, (unsigned)status);
        MUST(status == 0);
    }
    give_up("the workload makes too many calls");
}
