// SPDX-License-Identifier: MIT
// The functions that stacks go through, by name, so that stacks of several processes can be compared.
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
    std::string function; // never empty: "libfoo.so+0x12f0" if nothing better is known
    std::string file{};
    unsigned line = 0;
    std::string object{}; // file name of the executable or library
    bool inlined = false; // into the next frame

    auto operator<=>(const Frame&) const = default; // NOLINT(modernize-use-nullptr): clang-tidy 14's mistake
};

// Every different frame once.
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

// Names the stacks of a recording one by one.
class Namer {
  public:
    Namer(const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames);

    // The frame belongs to an allocator whose profiles are read.
    bool is_allocator(const Address& address) const;
    // Puts the address's frame, and those that were inlined into it, behind those that are there.
    void add(const Address& address, NamedStack& named);

  private:
    const Recording& recording_;
    symbols::Symbolizer& symbolizer_;
    Frames& frames_;
    symbols::JitMap jit_;
    std::vector<std::string> objects_; // names, without folders
};

// One for each stack of the recording, without the allocator's own frames.
std::vector<NamedStack> name_stacks(const Recording& recording, symbols::Symbolizer& symbolizer,
                                    Frames& frames);

// The name of one of glibc's functions. With its debug symbols the names by which glibc itself calls them are
// found: "__GI_" and the name.
std::string_view exported_name(std::string_view function);

// Is it part of how memory is asked for (the standard library's containers, operator new, strdup) or a lock
// taken? Then the function that called it is of more interest.
bool is_plumbing(const Frame& frame);

// The frame that a person looks for: the first that is no plumbing. Nothing for an empty stack.
std::optional<std::uint32_t> site_of(const NamedStack& stack, const Frames& frames);

// "load_table at table.cc:42"
std::string words_for(const Frame& frame);

} // namespace ashlar::profile
