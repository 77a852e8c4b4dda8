// SPDX-License-Identifier: MIT
#include "allocators/service.h"

#include <catch2/catch.hpp>

using ashlar::allocators::why_unserved;
using ashlar::measure::Ending;
using ashlar::measure::Run;

namespace {

Run ended(std::optional<bool> mapped, const std::string& executable) {
    Run run;
    run.ending = Ending::kExited;
    if (mapped) {
        run.images.push_back(
            {.name = "", .executable = executable, .preload_mapped = *mapped, .other_allocator = ""});
    }
    return run;
}

} // namespace

TEST_CASE("service: an ordinary program takes what is preloaded") {
    CHECK(why_unserved(ended(true, "/bin/sh")).empty());
    Run run = ended(false, "/bin/sh");
    for (const int status : {0, 1}) {
        run.code = status;
        CHECK(why_unserved(run) == "its library was not in the memory of the command");
    }
}

TEST_CASE("service: of several processes the one that was not served is named") {
    Run run = ended(true, "/bin/sh");
    run.images.push_back(ended(false, "/bin/cat").images.front());
    CHECK(why_unserved(run) == "its library was not in the memory of /bin/cat");
}

TEST_CASE("service: what is not known is no reason") {
    CHECK(why_unserved(ended(std::nullopt, "/bin/sh")).empty());
    CHECK(why_unserved(ended(true, "/no/such/file")).empty());
    CHECK(why_unserved(ended(true, "/etc/passwd")).empty());
    CHECK(why_unserved(ended(false, "/etc/passwd")).find("static") == std::string::npos);
    Run run = ended(false, "/bin/sh");
    run.ending = Ending::kSignalled;
    CHECK(why_unserved(run).empty());
}
