// SPDX-License-Identifier: MIT
// The same four tasks in ten languages (bench/languages): how each is compiled and run, and what it prints.
#pragma once

#include "compare/language_runs.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ashlar::suite {

// kTiny is for tests: a run takes no longer than the start of the runtime.
enum class TaskSize { kTiny, kQuick, kUsual };

struct LanguageSettings {
    std::vector<std::string> languages; // words from language_words; all if empty
    std::vector<std::string> tasks;     // all if empty
    TaskSize size = TaskSize::kUsual;
    std::filesystem::path cache; // folder of the compiled programs
};

struct LanguageSuite {
    std::vector<compare::Configuration> configurations; // language by language
    std::vector<std::string> missing;                   // one sentence for each language that cannot run
};

// Returns the names on the command line, such as "c++" and "node".
std::vector<std::string> language_words();
std::vector<std::string> task_words();
std::vector<compare::LanguageFacts> language_facts();

// Returns "checksum = 238239", for example. Every language must print this line.
std::string expected_checksum(const std::string& task, TaskSize size);

// Compiles what the cache lacks. Throws std::runtime_error without sources or with a read-only cache.
LanguageSuite language_suite(const LanguageSettings& settings);

// Returns the path of a source file in bench/languages. Throws std::runtime_error if it is missing.
std::filesystem::path language_source(const std::string& name);

} // namespace ashlar::suite
