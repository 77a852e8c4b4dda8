// SPDX-License-Identifier: MIT
// The fields of a JSON format, from its schema in docs/schemas, as text of a manual page.
#pragma once

#include <string>
#include <string_view>

namespace ashlar::document {

// A section with the schema's title. Each field is a tagged paragraph: its path, its type, and what the
// schema says of it. What stands under $defs follows, each in a part of its own. Throws what nlohmann::json
// throws if the text is no JSON.
std::string fields_of_schema(std::string_view schema);

} // namespace ashlar::document
