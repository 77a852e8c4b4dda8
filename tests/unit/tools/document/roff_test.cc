// SPDX-License-Identifier: MIT
#include "document/roff.h"

#include <catch2/catch.hpp>

using namespace ashlar::document;

TEST_CASE("no section of a manual page begins with a request for a paragraph", "[document]") {
    CHECK(without_empty_paragraphs("\n.SH \"A\"\n.PP\nOne.\n.PP\nTwo.\n.SS B\n.PP\n.nf\nx\n.fi\n") ==
          "\n.SH \"A\"\nOne.\n.PP\nTwo.\n.SS B\n.nf\nx\n.fi\n");
}
