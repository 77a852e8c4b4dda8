// SPDX-License-Identifier: MIT
#include "document/schema_fields.h"

#include <catch2/catch.hpp>

using namespace ashlar::document;

namespace {

constexpr std::string_view kSchema = R"({
  "title": "ashlar see --json",
  "type": "object",
  "required": ["format", "runs", "best"],
  "properties": {
    "format": {"const": "see-1"},
    "runs": {
      "type": "array",
      "description": "in their order",
      "items": {
        "type": "object",
        "required": ["fate"],
        "properties": {"fate": {"enum": ["ended", "killed"]}, "peak_kib": {"type": ["integer", "null"]}}
      }
    },
    "best": {"anyOf": [{"$ref": "#/$defs/ratio"}, {"type": "null"}]},
    "curve": {
      "type": "array",
      "items": {"type": "array", "prefixItems": [{"type": "number", "description": "seconds"}, {"type": "integer"}]}
    },
    "locks": {"type": "object", "additionalProperties": {"type": "object", "required": ["waits"],
                                                         "properties": {"waits": {"type": "integer"}}}}
  },
  "$defs": {"ratio": {"type": "object", "description": "to the first", "required": ["low"],
                      "properties": {"low": {"type": "number"}}}}
})";

// Removes formatting marks.
std::string shown(std::string text) {
    for (const char* const mark : {"\\fB", "\\fI", "\\fR", "\\&"}) {
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
            text.erase(at, std::string_view(mark).size());
        }
    }
    return text;
}

} // namespace

TEST_CASE("a schema becomes a list of fields", "[document]") {
    CHECK(shown(fields_of_schema(kSchema)) == ".SH \"FIELDS OF ashlar see \\-\\-json\"\n"
                                              ".TP\nformat  \"see\\-1\"\n\n"
                                              ".TP\nruns  array\nin their order\n"
                                              ".TP\nruns[].fate  \"ended\" or \"killed\"\n\n"
                                              ".TP\nruns[].peak_kib  integer or null\nmay be missing\n"
                                              ".TP\nbest  ratio or null\n\n"
                                              ".TP\ncurve  array\nmay be missing\n"
                                              ".TP\ncurve[]  array\n\n"
                                              ".TP\ncurve[][0]  number\nseconds\n"
                                              ".TP\ncurve[][1]  integer\n\n"
                                              ".TP\nlocks  object\nmay be missing\n"
                                              ".TP\nlocks.NAME  object\n\n"
                                              ".TP\nlocks.NAME.waits  integer\n\n"
                                              ".SS ratio\n"
                                              ".TP\nratio  object\nto the first\n"
                                              ".TP\nratio.low  number\n\n");
}
