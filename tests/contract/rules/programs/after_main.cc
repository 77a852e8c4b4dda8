// SPDX-License-Identifier: MIT
// Allocates and frees in all code that runs after main: atexit, static destructors, destructor functions.
#include "exercise.h"

namespace {

void* of_main = nullptr;

void exercise_and_say(const char* where) {
    exercise(100'000);
    MUST(dprintf(STDOUT_FILENO, "%s\n", where) > 0);
}

struct Static {
    void* block = malloc(1000);
    ~Static() {
        exercise_and_say("static destructor");
        free(block);
    }
};
const Static static_object;

__attribute__((destructor)) void at_the_very_end() {
    exercise_and_say("destructor function");
    free(of_main);
}

} // namespace

int main() {
    MUST(static_object.block != nullptr);
    of_main = malloc(2000);
    MUST(of_main != nullptr);
    MUST(atexit([] { exercise_and_say("atexit"); }) == 0);
    exercise(100'000);
    return 0;
}
