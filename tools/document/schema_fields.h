// SPDX-License-Identifier: MIT
// Generates a description of a JSON format's fields for manual pages, from its schema in docs/schemas.
#pragma once

#include <string>
#include <string_view>

namespace ashlar::document {

// Returns a section with the schema's title. Each field is a tagged paragraph with its path, type and
// description. The definitions under $defs follow, each in its own part. Throws nlohmann::json's exception if
// `schema` is no JSON.
std::string fields_of_schema(std::string_view schema);

} // namespace ashlar::document
