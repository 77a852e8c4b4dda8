// SPDX-License-Identifier: MIT
#include "document/markdown.h"

#include <catch2/catch.hpp>

using namespace ashlar::document;

TEST_CASE("words of Markdown in a manual page", "[document]") {
    CHECK(roff_of_markdown_text("a-b") == "a\\-b");
    CHECK(roff_of_markdown_text("the key `dirty_limit:1m` here") == "the key \\fBdirty_limit:1m\\fR here");
    CHECK(roff_of_markdown_text("*any time* and **now**") == "\\fIany time\\fR and \\fBnow\\fR");
    CHECK(roff_of_markdown_text("2 * 3 * 4") == "2 * 3 * 4");
    CHECK(roff_of_markdown_text("see the [design](design.md).") == "see the design\\&.");
    CHECK(roff_of_markdown_text("[x] and [`y`](z)") == "[x] and \\fBy\\fR");
    CHECK(roff_of_markdown_text("one ` alone, one [ too") == "one \\(ga alone, one [ too");
}

TEST_CASE("blocks of Markdown in a manual page", "[document]") {
    CHECK(roff_of_markdown("# Title\n\nOne\ntwo.\n\nThree.\n") ==
          ".SH \"DESCRIPTION\"\n.PP\nOne\ntwo.\n.PP\nThree.\n");
    CHECK(roff_of_markdown("One.\n\n<!-- for a test -->\n\nTwo.\n") ==
          ".SH \"DESCRIPTION\"\n.PP\nOne.\n.PP\nTwo.\n");
    CHECK(roff_of_markdown("## A part\n\n### Of it\n\n.x\n") ==
          ".SH \"DESCRIPTION\"\n.SH \"A PART\"\n.SS Of it\n.PP\n\\&.x\n");
    CHECK(roff_of_markdown("Say:\n\n    x = 1\n\n    y\n\nend\n") ==
          ".SH \"DESCRIPTION\"\n.PP\nSay:\n.PP\n.nf\n    x = 1\n\n    y\n.fi\n.PP\nend\n");
    CHECK(roff_of_markdown("```c\nf(\"a\");\n```\n") == ".SH \"DESCRIPTION\"\n.PP\n.nf\nf(\"a\");\n.fi\n");
    CHECK(roff_of_markdown("* one\n  goes on\n* two\n\n12. three\n") ==
          ".SH \"DESCRIPTION\"\n.IP \\(bu 2\none\ngoes on\n.IP \\(bu 2\ntwo\n.IP 12. 4\nthree\n");
}

TEST_CASE("a row of a table is a tagged paragraph", "[document]") {
    CHECK(
        roff_of_markdown(
            "| key | default | what |\n| --- | --- | --- |\n| `a` | `1` | One. |\n| `b` | | Two. |\n") ==
        ".SH \"DESCRIPTION\"\n.TP\n\\fBa\\fR\n\\fIdefault\\fR: \\fB1\\fR\n.br\nOne.\n.TP\n\\fBb\\fR\nTwo.\n");
    CHECK(roff_of_markdown("| | what |\n| --- | --- |\n| `a\\|b` | `|` |\n") ==
          ".SH \"DESCRIPTION\"\n.TP\n\\fBa|b\\fR\n\\fB|\\fR\n");
}
