// SPDX-License-Identifier: MIT
#include "machine/wrapped.h"

#include <catch2/catch.hpp>

using namespace ashlar::machine;

TEST_CASE("wrapped: lines are broken between words, and examples as a shell takes them") {
    CHECK(wrapped("one two three", 7, 0) == "one two\nthree");
    CHECK(wrapped("one two three", 9, 2) == "one two\n  three");
    CHECK(wrapped("toolongaword x", 4, 0) == "toolongaword\nx");
    CHECK(wrapped_paragraphs("one\ntwo\n\nTitle:\n  a  b\n", 20) == "one two\n\nTitle:\n  a  b\n");
    CHECK(wrapped_paragraphs("  tool --first 1 --second 2", 20) == "  tool --first 1 \\\n      --second 2\n");
    CHECK(wrapped_paragraphs("  name  some words that take two lines", 30) ==
          "  name\n      some words that take two\n      lines\n");
    CHECK(wrapped_paragraphs("  x   some words that take two lines", 30) ==
          "  x   some words that take two\n      lines\n");
}

TEST_CASE("wrapped: each line of a message is a paragraph") {
    CHECK(wrapped_lines("", 20).empty());
    CHECK(wrapped_lines("short\n\nline\n", 20) == "short\n\nline\n");
    CHECK(wrapped_lines("one sentence that takes three\nlines", 16) ==
          "one sentence\nthat takes three\nlines\n");
    CHECK(wrapped_lines("  indented words in lines\n", 16) == "  indented words\n    in lines\n");
    CHECK(wrapped_lines("- an item of a list\n", 16) == "- an item of a\n  list\n");
    CHECK(wrapped_lines("!  a mark and its note\n", 16) == "!  a mark and\n   its note\n");
    CHECK(wrapped_lines("  Peak  12 MiB in blocks\n", 20) == "  Peak  12 MiB in\n        blocks\n");
}

TEST_CASE("wrapped: paths, commands and rows of tables stay in one line") {
    for (const char* const line :
         {"/a/path/that/is/longer/than/the/line\n", "  command: mount -t proc proc /proc\n",
          "  example: ashlar run -- python3 x.py\n", "  again: ashlar alarm --only x\n",
          "  | what the program printed last\n", "larson, 1 thread  1.000  0.987\n",
          "a name that is longer than the rest  1.0\n", "------------------------  ----\n"}) {
        CHECK(wrapped_lines(line, 20) == line);
    }
    CHECK(wrapped_lines("start it with `ashlar run -- COMMAND`, or not\n", 24) ==
          "start it with\n`ashlar run -- COMMAND`,\nor not\n");
    CHECK(wrapped_lines("it's given with 'sort -n numbers' (`a b`)\n", 18) ==
          "it's given with\n'sort -n numbers'\n(`a b`)\n");
    CHECK(wrapped_lines("a ' that closes nothing\n", 12) == "a ' that\ncloses\nnothing\n");
}

TEST_CASE("wrapped: colours take no columns") {
    CHECK(width("\033[1mbold\033[0m \u00b1") == 6);
    CHECK(wrapped_lines("\033[1mone two\033[0m three\n", 7) == "\033[1mone two\033[0m\nthree\n");
}
