// SPDX-License-Identifier: MIT
// A handler that frees a reserve. new succeeds at the second attempt, under a limit on memory.
#include "exercise.h"

#include <new>
#include <sys/resource.h>
#include <vector>

namespace {

constexpr std::size_t kReserve = std::size_t{32} << 20;
void* reserve = nullptr;
int handler_calls = 0;

void free_reserve() {
    ++handler_calls;
    if (reserve == nullptr) throw std::bad_alloc{};
    free(reserve);
    reserve = nullptr;
}

} // namespace

int main() {
    const struct rlimit limit { std::size_t{512} << 20, std::size_t{512} << 20 };
    MUST(setrlimit(RLIMIT_DATA, &limit) == 0);
    reserve = malloc(opaque_size(kReserve));
    MUST(reserve != nullptr);
    std::set_new_handler(free_reserve);
    std::vector<void*> blocks;
    blocks.reserve(1000);
    while (handler_calls == 0 && blocks.size() < 1000)
        blocks.push_back(::operator new(opaque_size(std::size_t{1} << 20)));
    MUST(handler_calls == 1); // and new succeeded nevertheless
    bool thrown = false;
    try {
        while (blocks.size() < 1000)
            blocks.push_back(::operator new(opaque_size(std::size_t{1} << 20)));
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    MUST(thrown);
    MUST(handler_calls == 2);
    for (void* const block : blocks)
        ::operator delete(block);
    return 0;
}
