// SPDX-License-Identifier: MIT
// The functions of stacks by name, so that stacks of several processes can be compared.
#pragma once

#include "profile/recording.h"
#include "symbols/jit_map.h"
#include "symbols/symbolizer.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ashlar::profile {

struct Frame {
    std::string function; // never empty; "libfoo.so+0x12f0" if the name is unknown
    std::string file{};
    unsigned line = 0;
    std::string object{}; // file name of the executable or library
    bool inlined = false; // into the next frame

    auto operator<=>(const Frame&) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14's mistake
};

// The set of all frames, each stored once.
class Frames {
  public:
    Frames() = default;
    Frames(const Frames&) = delete; // frames_ points into index_
    Frames& operator=(const Frames&) = delete;

    std::uint32_t add(const Frame& frame);
    const Frame& operator[](std::uint32_t index) const { return *frames_[index]; }
    std::size_t size() const { return frames_.size(); }

  private:
    std::map<Frame, std::uint32_t> index_;
    std::vector<const Frame*> frames_;
};

using NamedStack = std::vector<std::uint32_t>; // frames, innermost first

// Names the addresses of a recording.
class Namer {
  public:
    Namer(const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames);

    // Returns whether the frame belongs to an allocator whose profiles are read.
    bool is_allocator(const Address& address) const;
    // Appends the frames at `address`: inlined functions first, then the function itself.
    void add(const Address& address, NamedStack& named);

  private:
    const Recording& recording_;
    symbols::Symbolizer& symbolizer_;
    Frames& frames_;
    symbols::JitMap jit_;
    std::vector<std::string> objects_; // file names of the objects
};

// Returns a named stack for each stack of the recording, without the allocator's own frames.
std::vector<NamedStack> name_stacks(const Recording& recording, symbols::Symbolizer& symbolizer,
                                    Frames& frames);

// Returns the public name of a glibc function. Debug symbols show glibc's internal alias, "__GI_" and the
// name.
std::string_view exported_name(std::string_view function);

// Returns whether the frame only passes on a request for memory (containers, operator new, strdup) or takes a
// lock. Then the function that called it is of more interest.
bool is_plumbing(const Frame& frame);

// Returns the first frame that is not plumbing, which a person looks for. If all are, returns the innermost.
// Returns nothing for an empty stack.
std::optional<std::uint32_t> site_of(const NamedStack& stack, const Frames& frames);

// Returns "load_table at table.cc:42".
std::string words_for(const Frame& frame);

} // namespace ashlar::profile
