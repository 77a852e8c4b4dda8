// SPDX-License-Identifier: MIT
// Placement of a workload. --node N keeps it on the processors of one node of the machine. The kernel places
// memory on the node that first touches it, so memory is there, too. --pin keeps each thread that the main
// thread starts on one processor, in turn. Threads that these threads start remain on the same processor.
#pragma once

#include "support/command_line.h"
#include "support/fail.h"

#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

namespace bench {

constexpr Option kNodeOption{.name = "--node"};
constexpr Option kPinOption{.name = "--pin", .is_switch = true};

class Pinning {
  public:
    // Pins the threads that the calling thread starts from now on.
    void begin() {
        active_ = ::sched_getaffinity(0, sizeof allowed_, &allowed_) == 0;
        if (!active_) {
            fail(kRunFailed, "--pin: the processors cannot be counted\n");
        }
        starter_ = ::gettid();
    }

    // While it exists, threads that the calling thread starts begin and remain on the next processor.
    class Turn {
      public:
        explicit Turn(Pinning& pinning) : pinning_(pinning.is_starter() ? &pinning : nullptr) {
            if (pinning_ != nullptr) {
                const cpu_set_t one = pinning_->next();
                ::sched_setaffinity(0, sizeof one, &one);
            }
        }
        ~Turn() {
            if (pinning_ != nullptr) {
                ::sched_setaffinity(0, sizeof pinning_->allowed_, &pinning_->allowed_);
            }
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

      private:
        Pinning* pinning_;
    };

  private:
    bool is_starter() const { return active_ && ::gettid() == starter_; }

    cpu_set_t next() {
        do {
            processor_ = (processor_ + 1) % CPU_SETSIZE;
        } while (!CPU_ISSET(processor_, &allowed_));
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(processor_, &one);
        return one;
    }

    bool active_ = false;
    pid_t starter_ = 0;
    std::size_t processor_ = CPU_SETSIZE - 1;
    cpu_set_t allowed_{};
};

inline Pinning pinning;

// Loads libnuma only on request: its constructor allocates, which no other run should see.
inline void run_on_node(int node) {
    void* const library = ::dlopen("libnuma.so.1", RTLD_NOW);
    if (library == nullptr) {
        fail(kRunFailed, "--node: no libnuma.so.1, which scripts/setup.sh installs\n");
    }
    const auto function = [library](const char* name) { return ::dlsym(library, name); };
    const auto available = reinterpret_cast<int (*)()>(function("numa_available"));
    const auto run = reinterpret_cast<int (*)(int)>(function("numa_run_on_node"));
    if (available == nullptr || run == nullptr || available() < 0 || run(node) != 0) {
        fail(kRunFailed, "--node: cannot run on node %d\n", node);
    }
}

// Must be called before the first thread is started and the first block is allocated.
inline void place(const CommandLine& line, const Option& node, const Option& pin) {
    if (node.value != nullptr) {
        run_on_node(static_cast<int>(line.integer_or(0, node, 0, 1023)));
    }
    if (pin.value != nullptr) {
        pinning.begin();
    }
}

} // namespace bench
