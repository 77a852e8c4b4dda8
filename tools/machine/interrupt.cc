// SPDX-License-Identifier: MIT
#include "machine/interrupt.h"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/signalfd.h>
#include <system_error>

namespace ashlar::machine {

namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

bool is_ignored(int signal) {
    struct sigaction action {};
    return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

} // namespace

Interrupt::Interrupt() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : kSignals) {
        if (!is_ignored(signal)) { // blocked, it would not be
            sigaddset(&signals, signal);
        }
    }
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    descriptor_ = Descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor_.open()) {
        throw std::system_error(errno, std::generic_category(), "signalfd");
    }
}

Interrupt::~Interrupt() {
    // Take what is pending, so that the work that was asked to end is not killed right after it has.
    signalfd_siginfo taken{};
    while (read(number(), &taken, sizeof taken) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Interrupt::requested() const {
    pollfd wait{.fd = number(), .events = POLLIN, .revents = 0};
    return poll(&wait, 1, 0) == 1;
}

int Interrupt::signal() const {
    sigset_t pending;
    sigpending(&pending);
    for (const int signal : kSignals) {
        if (sigismember(&pending, signal) == 1) {
            return signal;
        }
    }
    return 0;
}

} // namespace ashlar::machine
