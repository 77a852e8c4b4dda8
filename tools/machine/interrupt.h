// SPDX-License-Identifier: MIT
// Ctrl-C and its like, as something to wait for beside everything else. While an Interrupt lives, SIGINT,
// SIGTERM and SIGHUP no longer end the process: they stay pending. Whoever works asks between two steps, or
// puts number() among the descriptors that it polls. One that was ignored before, as SIGHUP is under nohup,
// stays ignored.
#pragma once

#include "machine/descriptor.h"

#include <csignal>

namespace ashlar::machine {

class Interrupt {
  public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    int number() const { return descriptor_.number(); }
    bool requested() const;
    int signal() const; // which one requested it, 0 if none has

  private:
    sigset_t before_{};
    Descriptor descriptor_;
};

} // namespace ashlar::machine
