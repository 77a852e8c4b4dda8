// SPDX-License-Identifier: MIT
//
// Allocates in known places. In each kind, one place has at least twice as much as the next.
//
// usage: planted leak|temporary|waste|exact|killed|leaves|executes|forks|hangs
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

void* volatile kept[4096]; // keeps the compiler from removing calls
std::size_t count = 0;

void keep(void* block) {
    kept[count++ % 4096] = block;
}

} // namespace

// Outside the unnamed namespace, so that names are short. Never inlined, so that the functions exist.
[[gnu::noinline]] void planted_leak() {
    for (int block = 0; block < 2000; ++block) {
        keep(std::malloc(16'000));
    }
}
[[gnu::noinline]] void smaller_leak() {
    for (int block = 0; block < 1000; ++block) {
        keep(std::malloc(16'000));
    }
}

[[gnu::noinline]] void planted_temporary() {
    for (int block = 0; block < 40'000; ++block) {
        void* volatile temporary = std::malloc(4000);
        std::free(temporary);
    }
}
[[gnu::noinline]] void smaller_temporary() {
    for (int block = 0; block < 20'000; ++block) {
        void* volatile temporary = std::malloc(4000);
        std::free(temporary);
    }
}

// Keeps one block in each of many slabs.
[[gnu::noinline]] void* planted_waste() {
    return std::malloc(256);
}
[[gnu::noinline]] void* smaller_waste() {
    return std::malloc(256);
}
[[gnu::noinline]] void* filler() {
    return std::malloc(256);
}
void waste() {
    std::vector<void*> fillers;
    for (int block = 0; block < 200'000; ++block) {
        if (block % 200 == 0) {
            keep(block % 600 == 0 ? smaller_waste() : planted_waste());
        } else {
            fillers.push_back(filler());
        }
    }
    for (void* each : fillers) {
        std::free(each);
    }
}

[[gnu::noinline]] void two_blocks() {
    keep(std::malloc(1000));
    keep(std::malloc(3000));
}

int main(int, char** arguments) {
    const std::string what = arguments[1];
    if (what == "leak") {
        smaller_leak();
        planted_leak();
    } else if (what == "temporary") {
        smaller_temporary();
        planted_temporary();
    } else if (what == "waste") {
        waste();
    } else if (what == "exact") {
        two_blocks();
    } else if (what == "killed") {
        planted_leak();
        raise(SIGKILL);
    } else if (what == "leaves") {
        planted_leak();
        _exit(0);
    } else if (what == "executes") {
        planted_leak();
        execl("/proc/self/exe", arguments[0], "leak", nullptr);
    } else if (what == "hangs") {
        planted_leak();
        std::puts("ready");
        std::fflush(stdout);
        pause();
    } else if (what == "forks") {
        smaller_leak();
        const pid_t child = fork();
        if (child == 0) {
            planted_leak();
            return 0;
        }
        int status = 0;
        waitpid(child, &status, 0);
    }
}
