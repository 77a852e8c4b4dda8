// SPDX-License-Identifier: MIT
//
// Parses `--name NUMBER`, `--name TEXT` and `--flag`, and rejects everything else.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace common {

class Arguments {
  public:
    Arguments(int count, char** values) : count_(count), values_(values) {}

    std::uint64_t number(std::string_view name, std::uint64_t otherwise) {
        const char* const text = this->text(name, nullptr);
        if (text == nullptr) return otherwise;
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
        if (error != std::errc() || *end != '\0') complain(name.data(), "needs a number");
        return value;
    }

    const char* text(std::string_view name, const char* otherwise) {
        for (int i = 1; i < count_; i++) {
            if (values_[i] == nullptr || name != values_[i]) continue;
            if (i + 1 >= count_ || values_[i + 1] == nullptr) complain(values_[i], "needs a value");
            const char* const value = values_[i + 1];
            values_[i] = values_[i + 1] = nullptr;
            return value;
        }
        return otherwise;
    }

    bool flag(std::string_view name) {
        for (int i = 1; i < count_; i++) {
            if (values_[i] == nullptr || name != values_[i]) continue;
            values_[i] = nullptr;
            return true;
        }
        return false;
    }

    // Rejects all arguments that were not asked for. The program calls this function after its last question.
    void refuse_others() const {
        for (int i = 1; i < count_; i++) {
            if (values_[i] != nullptr) complain(values_[i], "is not known");
        }
    }

  private:
    [[noreturn]] static void complain(const char* argument, const char* what) {
        std::fprintf(stderr, "%s %s\n", argument, what);
        std::exit(2);
    }

    int count_;
    char** values_;
};

} // namespace common
