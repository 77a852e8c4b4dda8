// SPDX-License-Identifier: MIT
#include "suite/lock_scenarios.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <locks/parameters.h>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <toml++/toml.h>

namespace ashlar::suite {

namespace {

using bench::locks::kParameters;
using bench::locks::ParameterFacts;
using bench::locks::Parameters;

const ParameterFacts* parameter_of(std::string_view key) {
    const auto* const found = std::find_if(kParameters.begin(), kParameters.end(),
                                           [&](const ParameterFacts& each) { return key == each.key; });
    return found == kParameters.end() ? nullptr : found;
}

// Turns one entry of the file into a command line.
class Entry {
  public:
    Entry(const toml::table& table, const LockScenarioSource& source) : table_(table), source_(source) {
        name_ = text_of("name"); // first, because error messages show the name
        type_ = &type_of(text_of("type"));
    }

    compare::Configuration configuration() {
        parameters_.seed = source_.seed;
        read_parameters(table_);
        if (const toml::node* const quick = table_.get("quick")) {
            if (!quick->is_table()) {
                refuse(*quick, "quick must be a table, such as quick = { operations = 100 }");
            }
            if (source_.quick) {
                read_parameters(*quick->as_table());
            } else {
                check_keys(*quick->as_table());
            }
        }
        return {.name = name_,
                .group = type_->name,
                .command = command(),
                .threads = static_cast<unsigned>(parameters_.threads),
                .time_limit = std::chrono::seconds(time_limit())};
    }

  private:
    [[noreturn]] void refuse(const toml::node& node, const std::string& what) const {
        throw std::invalid_argument(fmt::format("{}, line {}: {}{}", source_.file, node.source().begin.line,
                                                name_.empty() ? "" : name_ + ": ", what));
    }

    const toml::node& member(const char* key) const {
        const toml::node* const found = table_.get(key);
        if (found == nullptr) {
            refuse(table_, fmt::format("{} is missing; every configuration has one", key));
        }
        return *found;
    }

    std::string text_of(const char* key) const {
        const toml::node& node = member(key);
        const auto text = node.value_exact<std::string>();
        if (!text || text->empty() || text->find(',') != std::string::npos) {
            refuse(node, fmt::format("{} must be a text in quotes, without commas", key));
        }
        return *text;
    }

    const LockScenarioType& type_of(const std::string& name) const {
        const auto found = std::find_if(source_.types.begin(), source_.types.end(),
                                        [&](const LockScenarioType& each) { return each.name == name; });
        if (found == source_.types.end()) {
            std::vector<std::string> names;
            for (const LockScenarioType& each : source_.types) {
                names.push_back(each.name);
            }
            refuse(member("type"),
                   fmt::format("there is no type '{}'; there are {}", name, fmt::join(names, ", ")));
        }
        return *found;
    }

    std::int64_t time_limit() const {
        constexpr std::int64_t kMost = 86'400;
        const toml::node& node = member("time_limit_s");
        const auto seconds = node.value_exact<std::int64_t>();
        if (!seconds || *seconds < 1 || *seconds > kMost) {
            refuse(node, fmt::format("time_limit_s must be a whole number from 1 to {}", kMost));
        }
        return *seconds;
    }

    const ParameterFacts& known(const toml::key& key, const toml::node& node) const {
        const ParameterFacts* const parameter = parameter_of(key.str());
        const auto& own = type_->own_keys;
        if (parameter == nullptr) {
            refuse(node,
                   fmt::format("there is no key '{}'; `scenario --help` lists them, as options", key.str()));
        }
        if (!parameter->every_type && std::find(own.begin(), own.end(), parameter->key) == own.end()) {
            refuse(node, fmt::format("{} does not take {}", type_->name, key.str()));
        }
        return *parameter;
    }

    std::uint64_t value_of(const ParameterFacts& parameter, const toml::node& node) const {
        if (const auto flag = node.value_exact<bool>(); flag && parameter.most == 1) {
            return *flag ? 1 : 0;
        }
        const auto number = node.value_exact<std::int64_t>();
        if (!number || *number < 0 || static_cast<std::uint64_t>(*number) < parameter.least ||
            static_cast<std::uint64_t>(*number) > parameter.most) {
            std::ostringstream given;
            given << toml::node_view(node);
            refuse(node, fmt::format("{} is {}; it must be a whole number from {} to {}", parameter.key,
                                     given.str(), parameter.least, parameter.most));
        }
        return static_cast<std::uint64_t>(*number);
    }

    void check_keys(const toml::table& table) const {
        for (const auto& [key, node] : table) {
            value_of(known(key, node), node);
        }
    }

    void read_parameters(const toml::table& table) {
        for (const auto& [key, node] : table) {
            if (key == "name" || key == "type" || key == "time_limit_s" || key == "quick") {
                continue;
            }
            const ParameterFacts& parameter = known(key, node);
            parameters_.*parameter.value = value_of(parameter, node);
            given_.insert(parameter.key);
        }
    }

    // Returns the options for the given keys, and for `threads` and `seed` always.
    std::vector<std::string> command() const {
        std::vector<std::string> line{source_.program, "--type", type_->name};
        for (const ParameterFacts& parameter : kParameters) {
            const std::string_view key = parameter.key;
            if (given_.count(std::string(key)) != 0 || key == "threads" || key == "seed") {
                line.emplace_back(parameter.option);
                line.push_back(std::to_string(parameters_.*parameter.value));
            }
        }
        return line;
    }

    const toml::table& table_;
    const LockScenarioSource& source_;
    std::string name_;
    const LockScenarioType* type_ = nullptr;
    Parameters parameters_;
    std::set<std::string> given_;
};

toml::table parse(std::string_view text, const std::string& file) {
    try {
        return toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        throw std::invalid_argument(fmt::format("{}, line {}: it is no TOML: {}", file,
                                                error.source().begin.line, error.description()));
    }
}

} // namespace

std::vector<LockScenarioType> parse_lock_scenario_types(const std::string& text) {
    std::vector<LockScenarioType> types;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        LockScenarioType type;
        words >> type.name;
        for (std::string key; words >> key;) {
            type.own_keys.push_back(key);
        }
        types.push_back(std::move(type));
    }
    return types;
}

std::vector<compare::Configuration> read_lock_scenarios(std::string_view text,
                                                        const LockScenarioSource& source) {
    const toml::table whole = parse(text, source.file);
    for (const auto& [key, node] : whole) {
        if (key != "configuration") {
            throw std::invalid_argument(
                fmt::format("{}, line {}: there is no key '{}' outside of [[configuration]]", source.file,
                            node.source().begin.line, key.str()));
        }
    }
    const toml::array* const entries = whole.get_as<toml::array>("configuration");
    if (entries == nullptr || entries->empty()) {
        throw std::invalid_argument(
            fmt::format("{} has no configuration; each begins with a line [[configuration]]", source.file));
    }
    std::vector<compare::Configuration> result;
    std::set<std::string> names;
    for (const toml::node& node : *entries) {
        if (!node.is_table()) {
            throw std::invalid_argument(
                fmt::format("{}, line {}: a configuration must be a table, [[configuration]]", source.file,
                            node.source().begin.line));
        }
        result.push_back(Entry(*node.as_table(), source).configuration());
        if (!names.insert(result.back().name).second) {
            throw std::invalid_argument(fmt::format("{}, line {}: two configurations are called '{}'",
                                                    source.file, node.source().begin.line,
                                                    result.back().name));
        }
    }
    return result;
}

std::vector<compare::Configuration> only(std::vector<compare::Configuration> configurations,
                                         const std::vector<std::string>& names) {
    std::vector<std::string> known;
    known.reserve(configurations.size());
    for (const compare::Configuration& each : configurations) {
        known.push_back(each.name);
    }
    const auto is_among = [](const std::string& name, const std::vector<std::string>& list) {
        return std::find(list.begin(), list.end(), name) != list.end();
    };
    for (const std::string& name : names) {
        if (!is_among(name, known)) {
            throw std::invalid_argument(
                fmt::format("no configuration is called '{}'; there are {}", name, fmt::join(known, ", ")));
        }
    }
    if (!names.empty()) {
        configurations.erase(
            std::remove_if(configurations.begin(), configurations.end(),
                           [&](const compare::Configuration& each) { return !is_among(each.name, names); }),
            configurations.end());
    }
    return configurations;
}

} // namespace ashlar::suite
