// SPDX-License-Identifier: MIT
//
// Support for tests of another processor's programs, which run under qemu-user. qemu-user cannot exec such
// programs, and adds a line to the output of a program that a signal ends. ASHLAR_TEST_EMULATOR is qemu's
// command, or unset (packaging/aarch64.cmake). tests/not_emulated.txt lists what qemu cannot do.
#pragma once

#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace common {

// Returns the command line that runs a program of this processor.
inline std::vector<std::string> call_of(const std::string& program,
                                        const std::vector<std::string>& arguments) {
    std::vector<std::string> words;
    if (const char* const emulator = std::getenv("ASHLAR_TEST_EMULATOR"); emulator != nullptr) {
        std::istringstream stream{emulator};
        for (std::string word; stream >> word;)
            words.push_back(word);
    }
    words.push_back(program);
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

// Returns the argument array for exec. `words` must outlive the result.
inline std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

inline void remove_words_of_emulator(std::string& errors) {
    constexpr std::string_view kBegin = "qemu: uncaught target signal ";
    for (auto at = errors.find(kBegin); at != std::string::npos; at = errors.find(kBegin, at)) {
        const auto end = errors.find('\n', at);
        errors.erase(at, end == std::string::npos ? end : end + 1 - at);
    }
}

} // namespace common
