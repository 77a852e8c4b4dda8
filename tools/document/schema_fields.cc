// SPDX-License-Identifier: MIT
#include "document/schema_fields.h"

#include "document/roff.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ashlar::document {

namespace {

using Json = nlohmann::ordered_json; // keeps the schema's order of fields

constexpr std::string_view kDefinitions = "#/$defs/";

std::string joined(const Json& list, std::string (*text_of)(const Json&)) {
    std::string text;
    for (const Json& each : list) {
        text += (text.empty() ? "" : " or ") + text_of(each);
    }
    return text;
}

std::string value_text(const Json& value) {
    return value.dump();
}

std::string word(const Json& type) {
    return type.get<std::string>();
}

// Returns "integer", "string or null", "one of: ...", or the name of a definition.
std::string type_text(const Json& field) {
    if (field.contains("$ref")) {
        return field["$ref"].get<std::string>().substr(kDefinitions.size());
    }
    if (field.contains("const")) {
        return value_text(field["const"]);
    }
    if (field.contains("enum")) {
        return joined(field["enum"], value_text);
    }
    if (field.contains("anyOf")) {
        return joined(field["anyOf"], type_text);
    }
    const Json type = field.value("type", Json());
    return type.is_array() ? joined(type, word) : type.is_string() ? word(type) : "";
}

std::string entry(const std::string& path, const Json& field, bool may_be_missing) {
    std::string about = field.value("description", "");
    if (may_be_missing) {
        about += about.empty() ? "may be missing" : "; may be missing";
    }
    const std::string type = type_text(field);
    return ".TP\n" + bold(path) + (type.empty() ? "" : "  " + italic(type)) + "\n" +
           (about.empty() ? "\\&\n" : roff(about) + "\n");
}

std::string fields(const std::string& path, const Json& object);

// Describes the fields inside an array, or inside an object whose keys are names.
std::string inside(const std::string& path, const Json& field) {
    std::string text = fields(path + ".", field);
    if (field.contains("items")) {
        const Json& items = field["items"];
        text += items.contains("properties") ? "" : entry(path + "[]", items, false);
        text += inside(path + "[]", items);
    }
    std::size_t place = 0;
    for (const Json& item : field.value("prefixItems", Json::array())) {
        text += entry(path + "[" + std::to_string(place++) + "]", item, false);
    }
    if (field.contains("additionalProperties") && field["additionalProperties"].is_object()) {
        const Json& values = field["additionalProperties"];
        text += entry(path + ".NAME", values, false) + inside(path + ".NAME", values);
    }
    for (const Json& choice : field.value("anyOf", Json::array())) {
        text += inside(path, choice);
    }
    return text;
}

std::string fields(const std::string& path, const Json& object) {
    std::string text;
    if (!object.contains("properties")) {
        return text;
    }
    const Json required = object.value("required", Json::array());
    for (const auto& [name, field] : object["properties"].items()) {
        const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
        text += entry(path + name, field, !is_required) + inside(path + name, field);
    }
    return text;
}

} // namespace

std::string fields_of_schema(std::string_view schema) {
    const Json json = Json::parse(schema);
    std::string text = ".SH \"FIELDS OF " + roff(json.value("title", "")) + "\"\n" + fields("", json);
    const Json definitions = json.value("$defs", Json::object());
    for (const auto& [name, definition] : definitions.items()) {
        text += ".SS " + roff(name) + "\n" + entry(name, definition, false) + inside(name, definition);
    }
    return text;
}

} // namespace ashlar::document
