// SPDX-License-Identifier: MIT
#include "document/library_pages.h"

#include <catch2/catch.hpp>

using namespace ashlar::document;

namespace {

constexpr std::string_view kHeader = R"(/* SPDX-License-Identifier: MIT */
/*
 * What it is.
 *
 * More.
 */
#ifndef X_H
#define X_H
#ifdef __cplusplus
extern "C" {
#endif

/* ---- The family. Every block is aligned. ---------------------------- */

/* Null with errno = ENOMEM if
 * memory is short. */
ASHLAR_API void* ashlar_malloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* ---- Seeing --------------------------------------------------------- */

/* Two
   lines. */
struct pair {
    int first; /* one */
};
ASHLAR_API int ashlar_pair(struct pair* out);
#ifdef __cplusplus
}
#endif
#endif
)";

} // namespace

TEST_CASE("a header becomes a manual page", "[document]") {
    const std::string page = library_page(kHeader);
    CHECK(page.find("SPDX") == std::string::npos);
    CHECK(page.find("X_H") == std::string::npos);
    CHECK(page.find(".SH \"DESCRIPTION\"\n.PP\nWhat it is.\n.PP\nMore.\n.SH \"THE FAMILY\"\nEvery block is "
                    "aligned.\n") != std::string::npos);
    CHECK(page.find(".nf\nvoid* ashlar_malloc(size_t size);\n.fi\n.PP\nNull with errno = ENOMEM if\nmemory "
                    "is short.\n") != std::string::npos);
    CHECK(page.find(".SH \"SEEING\"\n.PP\n.nf\nstruct pair {\n    int first; /* one */\n};\nint "
                    "ashlar_pair(struct pair* out);\n.fi\n.PP\n"
                    "Two\nlines.\n") != std::string::npos);
}

TEST_CASE("the functions of a header", "[document]") {
    CHECK(functions_of(kHeader) == std::vector<std::string>{"ashlar_malloc", "ashlar_pair"});
}
