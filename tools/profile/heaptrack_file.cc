// SPDX-License-Identifier: MIT
#include "profile/heaptrack_file.h"

#include "machine/output_of.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace ashlar::profile {

namespace {

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

bool take(std::string_view& text, std::string_view wanted) {
    const bool is_there = text.starts_with(wanted);
    text.remove_prefix(is_there ? wanted.size() : 0);
    return is_there;
}

// Takes a figure such as "72.70K" from the front of `text`. Units are powers of 1000. Negative values become
// 0: heaptrack_print writes them for an inconsistent file.
double take_number(std::string_view& text) {
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc()) {
        text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    }
    double factor = 1;
    for (const char unit : {'B', 'K', 'M', 'G', 'T'}) {
        if (text.starts_with(unit)) {
            text.remove_prefix(1);
            value *= factor;
            break;
        }
        factor *= 1000;
    }
    constexpr double kMost = 1e18; // larger values and NaN mean damage
    return value >= 0 && value < kMost ? value : 0;
}

std::string file_name(std::string_view path) {
    return std::filesystem::path(path).filename().string();
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    HeaptrackProfile parse() {
        while (!text_.empty()) {
            take_text(take_line(text_));
        }
        end_stack();
        return std::move(profile_);
    }

  private:
    static constexpr std::string_view kFrame = "  "; // exactly two blanks; kPlace is tested first
    static constexpr std::string_view kPlace = "    ";

    void take_text(std::string_view line) {
        if (stack_ != nullptr && take(line, kPlace)) {
            take_place(line);
        } else if (stack_ != nullptr && take(line, kFrame)) {
            take_function(line);
        } else {
            end_stack();
            take_head(line);
        }
    }

    void take_head(std::string_view line) {
        if (take(line, "Debuggee command was: ")) {
            profile_.program = line.substr(0, line.find(' '));
        } else if (take(line, "total runtime: ")) {
            profile_.seconds = take_number(line);
        } else if (line.ends_with(" from")) {
            const double first = take_number(line);
            if (take(line, " calls to allocation functions with ")) {
                begin_stack(profile_.allocated, 0, first);
            } else if (take(line, " temporary allocations of ")) {
                begin_stack(profile_.temporary, 0, first);
            } else if (take(line, " peak memory consumed over ")) {
                begin_stack(profile_.peak, first, take_number(line));
            } else if (take(line, " leaked over ")) {
                begin_stack(profile_.leaks, first, take_number(line));
            }
        }
    }

    void begin_stack(std::vector<HeaptrackStack>& list, double bytes, double calls) {
        list.push_back({.frames = {}, .bytes = bytes, .calls = calls});
        stack_ = &list.back();
        has_object_.clear();
    }

    void take_function(std::string_view line) {
        if (line != "??") {
            stack_->frames.push_back({.function = std::string(line.empty() ? "??" : line)});
            has_object_.push_back(false);
        }
    }

    void take_place(std::string_view line) {
        if (stack_->frames.empty()) {
            return;
        }
        Frame& frame = stack_->frames.back();
        if (take(line, "in ")) {
            frame.object = line == "??" ? "" : file_name(line);
            has_object_.back() = true;
        } else if (take(line, "at ")) {
            const std::size_t colon = std::min(line.rfind(':'), line.size());
            frame.file = line.substr(0, colon);
            line.remove_prefix(std::min(colon + 1, line.size()));
            std::from_chars(line.data(), line.data() + line.size(), frame.line);
        }
    }

    // Of several functions at one address only the innermost names the object, which the others share.
    void end_stack() {
        if (stack_ == nullptr) {
            return;
        }
        std::vector<Frame>& frames = stack_->frames;
        for (std::size_t index = 1; index < frames.size(); ++index) {
            if (!has_object_[index]) {
                frames[index - 1].inlined = true;
                frames[index].object = frames[index - 1].object;
            }
        }
        stack_ = nullptr;
    }

    std::string_view text_;
    HeaptrackProfile profile_;
    HeaptrackStack* stack_ = nullptr; // the stack that the next lines belong to
    std::vector<bool> has_object_;    // by frame
};

} // namespace

bool is_heaptrack_file(const std::filesystem::path& file) {
    constexpr std::array<std::string_view, 3> kBeginnings{"\x28\xb5\x2f\xfd", "\x1f\x8b", "v "};
    std::array<char, 4> bytes{};
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored)) {
        return false; // a pipe would lose the bytes read here
    }
    std::ifstream(file, std::ios::binary).read(bytes.data(), bytes.size());
    const std::string_view begin(bytes.data(), bytes.size());
    return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                       [&](std::string_view each) { return begin.starts_with(each); });
}

HeaptrackProfile read_heaptrack_file(const std::filesystem::path& file) {
    const std::string name = file.string();
    // Prints every list in full, without merging stacks or shortening template names.
    const machine::ProgramOutput printed = machine::output_of(
        {"heaptrack_print", "--merge-backtraces=0", "--shorten-templates=0", "--print-leaks=1",
         "--peak-limit=1000000000", "--file", std::filesystem::absolute(file).string()});
    if (printed.error == ENOENT) {
        throw std::runtime_error(
            fmt::format("{} is a file of heaptrack's, and there is no heaptrack_print to read it: "
                        "install heaptrack (Debian: package heaptrack)",
                        name));
    }
    if (printed.error != 0) {
        throw std::runtime_error(fmt::format("cannot run heaptrack_print to read {}: {}", name,
                                             std::generic_category().message(printed.error)));
    }
    if (printed.status != 0) {
        std::string_view errors = printed.errors;
        throw std::runtime_error(fmt::format("heaptrack_print fails on {} with status {}: {}", name,
                                             printed.status, take_line(errors)));
    }
    HeaptrackProfile profile = parse_heaptrack_text(printed.output);
    if (profile.allocated.empty()) {
        throw std::runtime_error(fmt::format(
            "heaptrack_print finds no allocations in {}: what heaptrack writes must keep its ending "
            "(.zst or .gz), and of `heaptrack --raw` must go through heaptrack_interpret first",
            name));
    }
    return profile;
}

HeaptrackProfile parse_heaptrack_text(std::string_view text) {
    return Parser(text).parse();
}

} // namespace ashlar::profile
