// SPDX-License-Identifier: MIT
#include "machine/nearest_word.h"

#include <catch2/catch.hpp>

using ashlar::machine::did_you_mean;
using ashlar::machine::nearest_word;

TEST_CASE("nearest word: letters that are missing, extra, wrong or swapped") {
    const std::vector<std::string> commands{"run", "doctor", "bench", "report", "compare", "repeat"};
    for (const auto& [typed, meant] : {std::pair{"bnch", "bench"},
                                       {"benhc", "bench"},
                                       {"comapre", "compare"},
                                       {"comp", "compare"},
                                       {"benchmark", "bench"},
                                       {"docter", "doctor"},
                                       {"rnu", "run"},
                                       {"repaet", "repeat"}}) {
        INFO(typed);
        CHECK(nearest_word(typed, commands) == meant);
    }
}

TEST_CASE("nearest word: none rather than a far one") {
    const std::vector<std::string> commands{"run", "doctor", "bench"};
    for (const char* const typed : {"", "x", "xyz", "install", "r"}) {
        INFO(typed);
        CHECK(nearest_word(typed, commands).empty());
        CHECK(did_you_mean(typed, commands).empty());
    }
    CHECK(nearest_word(std::string(100'000, 'b'), commands).empty());
    CHECK(nearest_word("run", {}).empty());
}

TEST_CASE("nearest word: dashes do not count") {
    CHECK(did_you_mean("--alocators", {"--allocators", "--rounds"}) == "; did you mean --allocators?");
    CHECK(nearest_word("-rounds", {"--allocators", "--rounds"}) == "--rounds");
}
