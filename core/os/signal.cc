// SPDX-License-Identifier: MIT
#include "os/signal.h"

#include "os/system_call.h"

#include <cstdint>
#include <sys/syscall.h>

#if defined(__x86_64__)
// The address to which a handler returns. Debuggers and unwinders recognise a signal's frame by these
// instructions, which are the C library's.
extern "C" void ashlar_return_from_signal();
asm(".pushsection .text\n"
    "        .balign 16\n"
    "        .hidden ashlar_return_from_signal\n"
    "        .globl ashlar_return_from_signal\n"
    "        .type ashlar_return_from_signal, @function\n"
    "        nop\n"
    "ashlar_return_from_signal:\n"
    "        movq $15, %rax\n"
    "        syscall\n"
    "        .size ashlar_return_from_signal, . - ashlar_return_from_signal\n"
    "        .popsection\n");
static_assert(SYS_rt_sigreturn == 15);
#endif

namespace ashlar::os {

namespace {

// The kernel's structure, which differs from the C library's.
struct Action {
    std::uintptr_t handler; // SIG_DFL, SIG_IGN or a function
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
};

bool set_handler(std::size_t number, std::uintptr_t handler, unsigned long flags) {
    constexpr std::size_t kFirstOfLibrary = 32; // 32 and 33: the C library stops threads with them
    if (number == 0 || number >= NSIG || number == kFirstOfLibrary || number == kFirstOfLibrary + 1)
        return false;
    // SA_ONSTACK: runtimes with small stacks rely on the alternate stack.
    Action action{
        .handler = handler, .flags = flags | SA_RESTART | SA_ONSTACK, .restorer = nullptr, .mask = 0};
#if defined(__x86_64__)
    constexpr unsigned long kHasRestorer = 0x04000000;
    action.flags |= kHasRestorer;
    action.restorer = ashlar_return_from_signal;
#endif
    return system_call(SYS_rt_sigaction, number, &action, nullptr, sizeof(action.mask)) == 0;
}

} // namespace

bool handle_signal(std::size_t number, void (*handler)(int)) {
    return set_handler(number, reinterpret_cast<std::uintptr_t>(handler), 0);
}

bool handle_signal(std::size_t number, ContextHandler handler) {
    return set_handler(number, reinterpret_cast<std::uintptr_t>(handler), SA_SIGINFO);
}

void restore_default(std::size_t number) {
    set_handler(number, reinterpret_cast<std::uintptr_t>(SIG_DFL), 0);
}

Disposition disposition_of(std::size_t number, ContextHandler handler) {
    Action action{};
    system_call(SYS_rt_sigaction, number, nullptr, &action, sizeof(action.mask));
    if (action.handler == reinterpret_cast<std::uintptr_t>(SIG_DFL)) return Disposition::kDefault;
    if (action.handler == reinterpret_cast<std::uintptr_t>(SIG_IGN)) return Disposition::kIgnored;
    return action.handler == reinterpret_cast<std::uintptr_t>(handler) ? Disposition::kHandledByThis
                                                                       : Disposition::kHandled;
}

} // namespace ashlar::os
