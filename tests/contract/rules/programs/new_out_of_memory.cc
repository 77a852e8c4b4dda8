// SPDX-License-Identifier: MIT
// new under a limit: it throws when memory is exhausted, though the exception needs memory too. It works
// again afterwards.
#include "exercise.h"

#include <new>

namespace {

struct Held {
    Held* next;
    unsigned char content[5000];
};

std::size_t take_all(Held*& first) {
    std::size_t blocks = 0;
    try {
        for (;; ++blocks)
            first = new Held{first, {}};
    } catch (const std::bad_alloc&) {
        MUST(::operator new(opaque_size(100'000 * sizeof(Held)), std::nothrow) == nullptr);
        return blocks;
    }
}

void free_all(Held*& first) {
    while (first != nullptr) {
        Held* const block = first;
        first = block->next;
        delete block;
    }
}

} // namespace

int main() {
    Held* first = nullptr;
    const std::size_t most = take_all(first);
    MUST(most > 1000);
    free_all(first);
    for (int round = 0; round < 3; ++round) {
        MUST(take_all(first) >= most / 2);
        free_all(first);
    }
    exercise(30'000);
    return 0;
}
