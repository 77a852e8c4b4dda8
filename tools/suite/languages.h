// SPDX-License-Identifier: MIT
// The same four tasks in ten languages (bench/languages): how each is compiled and run, and what it prints.
#pragma once

#include "compare/language_runs.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ashlar::suite {

// kTiny is for tests: a run takes no longer than the runtime's start.
enum class TaskSize { kTiny, kQuick, kUsual };

struct LanguageSettings {
    std::vector<std::string> languages; // as language_words has them; all if empty
    std::vector<std::string> tasks;     // all if empty
    TaskSize size = TaskSize::kUsual;
    std::filesystem::path cache; // where compiled programs are kept
};

struct LanguageSuite {
    std::vector<compare::Configuration> configurations; // language by language
    std::vector<std::string> missing;                   // one sentence for each language that cannot run
};

// As the command line names them: "c++", "node".
std::vector<std::string> language_words();
std::vector<std::string> task_words();
std::vector<compare::LanguageFacts> language_facts();

// "checksum = 238239": what every language must print.
std::string expected_checksum(const std::string& task, TaskSize size);

// Compiles what has to be compiled and was not before. Throws std::runtime_error if the sources are missing
// or the cache cannot be written to.
LanguageSuite language_suite(const LanguageSettings& settings);

// A source file in bench/languages, where this program finds it. Throws std::runtime_error likewise.
std::filesystem::path language_source(const std::string& name);

} // namespace ashlar::suite
