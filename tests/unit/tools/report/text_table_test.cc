// SPDX-License-Identifier: MIT
#include "report/text_table.h"

#include <catch2/catch.hpp>

using ashlar::report::TextTable;
using ashlar::report::Tint;

TEST_CASE("text table: words to the left, figures to the right, characters counted and not bytes") {
    TextTable table({"", "a", "long"});
    table.add({{"x †"}, {"±1"}, {"2"}});
    table.add_rule();
    table.add({{"longer"}});
    CHECK(table.render(false) == "         a  long\n"
                                 "------  --  ----\n"
                                 "x †     ±1     2\n"
                                 "------  --  ----\n"
                                 "longer\n");
}

TEST_CASE("text table: colours only where they are wanted") {
    TextTable table({"", "a"});
    table.add({{"x"}, {"1", Tint::kGood}});
    CHECK(table.render(true).find("\033[32m1\033[0m") != std::string::npos);
    CHECK(table.render(false).find('\033') == std::string::npos);
}

TEST_CASE("text table: columns that do not fit follow below, with the first one") {
    TextTable table({"", "one", "two", "three"});
    table.add({{"x"}, {"1111"}, {"2222"}, {"3333"}});
    const std::string whole = table.render(false);
    CHECK(table.render(false, 1 + 3 * 2 + 4 + 4 + 5) == whole);
    CHECK(table.render(false, 16) ==
          "    one   two\n-  ----  ----\nx  1111  2222\n\n   three\n-  -----\nx   3333\n");
    CHECK(table.render(false, 1) ==
          "    one\n-  ----\nx  1111\n\n    two\n-  ----\nx  2222\n\n   three\n-  -----\nx   3333\n");
}
