/* SPDX-License-Identifier: MIT */
/* Runs a function under the processor's trap flag: the thread gets SIGTRAP after each instruction. x86-64
 * only. */
#ifndef CONTRACT_PROGRAMS_SINGLE_STEP_H
#define CONTRACT_PROGRAMS_SINGLE_STEP_H

#include "common/must.h"

#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

enum { kTrapFlag = 0x100 };

/* The addresses of the library that defines malloc. */
static uintptr_t allocator_begin, allocator_end;

static inline int find_allocator(struct dl_phdr_info* object, size_t size, void* unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)* const segment = &object->dlpi_phdr[i];
        const uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || (uintptr_t)malloc - begin >= segment->p_memsz) continue;
        allocator_begin = begin;
        allocator_end = begin + segment->p_memsz;
    }
    return 0;
}

static inline void handle_steps(void (*handler)(int, siginfo_t*, void*)) {
    const struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_RESTART | SA_SIGINFO};
    MUST(sigaction(SIGTRAP, &action, NULL) == 0);
    dl_iterate_phdr(find_allocator, NULL);
    MUST(allocator_end != 0);
}

/* Returns the interrupted code's next instruction if it is the allocator's, otherwise 0. */
static inline uintptr_t place_in_allocator(const void* context) {
    const uintptr_t place = (uintptr_t)((const ucontext_t*)context)->uc_mcontext.gregs[REG_RIP];
    return place >= allocator_begin && place < allocator_end ? place : 0;
}

/* Ends stepping in the interrupted code. The handler passes its third argument. */
static inline void end_steps(void* context) {
    ((ucontext_t*)context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
}

static inline void set_trap_flag(unsigned long flag) {
    __asm__ volatile("pushfq\n\tandq %0, (%%rsp)\n\torq %1, (%%rsp)\n\tpopfq"
                     :
                     : "r"(~(unsigned long)kTrapFlag), "r"(flag)
                     : "memory", "cc");
}

static inline void step_through(void (*work)(void)) {
    set_trap_flag(kTrapFlag);
    work();
    set_trap_flag(0);
}

#endif
