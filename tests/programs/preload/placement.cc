// SPDX-License-Identifier: MIT
// placement --node N: allocates on the processors of a node, from several threads, and asks the kernel for
// the node of each touched page. Run it with the library preloaded.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <numa.h>
#include <numaif.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kSkipped = 77;
constexpr unsigned kThreads = 3;
constexpr std::size_t kSizes[] = {16, 700, 5000, 32768, 100'000, 1'500'000, 9'000'000};

std::size_t page_size() {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Touches the whole block and appends its pages.
void touch(void* block, std::size_t size, std::vector<void*>& pages) {
    std::memset(block, 1, size);
    const auto start = reinterpret_cast<std::uintptr_t>(block);
    for (std::uintptr_t page = start / page_size() * page_size(); page < start + size; page += page_size())
        pages.push_back(reinterpret_cast<void*>(page));
}

// Allocates blocks of all sizes, some in reused memory and some moved. Does not free them.
void allocate(std::vector<void*>& pages) {
    for (unsigned round = 0; round < 12; ++round) {
        std::vector<void*> passing;
        for (const std::size_t size : kSizes) {
            void* const kept = std::malloc(size);
            touch(kept, size, pages);
            passing.push_back(std::realloc(std::calloc(1, size), 2 * size));
            std::memset(passing.back(), 2, 2 * size);
        }
        for (void* block : passing)
            std::free(block);
    }
}

// Returns how many of the pages are not on the node.
std::size_t elsewhere(std::vector<void*>& pages, int node) {
    std::vector<int> status(pages.size());
    if (::numa_move_pages(0, pages.size(), pages.data(), nullptr, status.data(), 0) != 0) {
        std::perror("placement: the kernel does not say where pages are");
        std::exit(kSkipped);
    }
    std::size_t count = 0;
    for (const int found : status) {
        if (found == node) continue;
        if (count++ < 5) std::fprintf(stderr, "placement: a page is on node %d\n", found);
    }
    return count;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 3 || std::strcmp(arguments[1], "--node") != 0) {
        std::fputs("usage: placement --node N\n", stderr);
        return 2;
    }
    const int node = std::atoi(arguments[2]);
    if (::dlsym(RTLD_DEFAULT, "ashlar_control") == nullptr) {
        std::fputs("placement: the library is not preloaded\n", stderr);
        return 1;
    }
    if (::numa_available() < 0 || ::numa_run_on_node(node) != 0) {
        std::fprintf(stderr, "placement: this machine does not let a process choose node %d\n", node);
        return kSkipped;
    }
    std::mutex mutex;
    std::vector<void*> pages;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            std::vector<void*> own;
            allocate(own);
            const std::lock_guard guard(mutex);
            pages.insert(pages.end(), own.begin(), own.end());
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    const std::size_t wrong = elsewhere(pages, node);
    std::printf("%zu of %zu pages are on node %d\n", pages.size() - wrong, pages.size(), node);
    return wrong == 0 ? 0 : 1;
}
