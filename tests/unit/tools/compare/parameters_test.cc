// SPDX-License-Identifier: MIT
#include "compare/parameters.h"

#include <catch2/catch.hpp>

using namespace ashlar::compare;

TEST_CASE("parameters: values are cut at commas that have no backslash") {
    CHECK(split_values("1,2,4") == std::vector<std::string>{"1", "2", "4"});
    CHECK(split_values("one") == std::vector<std::string>{"one"});
    CHECK(split_values("") == std::vector<std::string>{""});
    CHECK(split_values("a,,b,") == std::vector<std::string>{"a", "", "b", ""});
    CHECK(split_values(R"(a\,b,c\\,d\e\)") == std::vector<std::string>{"a,b", R"(c\)", R"(d\e\)"});
}

TEST_CASE("parameters: every value comes with every value of the others, the last one first") {
    CHECK(combinations({}) == std::vector<Assignment>{{}});
    CHECK(combinations({{"a", {"1", "2"}}, {"b", {"x", "y"}}}) ==
          std::vector<Assignment>{{{"a", "1"}, {"b", "x"}},
                                  {{"a", "1"}, {"b", "y"}},
                                  {{"a", "2"}, {"b", "x"}},
                                  {{"a", "2"}, {"b", "y"}}});
}

TEST_CASE("parameters: what is filled in is not filled again, and other braces stay") {
    const Assignment values{{"a", "{b}"}, {"b", "2"}};
    CHECK(filled("{a}{b}{c} {} {a", values) == "{b}2{c} {} {a");
    CHECK(filled("", values).empty());
    CHECK(filled("{{a}}", values) == "{{b}}");
    CHECK(mentions("x{a}", "a"));
    CHECK_FALSE(mentions("x a {ab}", "a"));
}
