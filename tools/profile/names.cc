// SPDX-License-Identifier: MIT
#include "profile/names.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>

namespace ashlar::profile {

namespace {

// Prefixes of the file names of allocators whose profiles are read.
constexpr std::array<std::string_view, 2> kAllocators{"libashlar", "libjemalloc"};
constexpr const char* kRunTime = "[run time]"; // object name of code made at run time, which has no file

std::string file_name(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

} // namespace

Namer::Namer(const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames)
    : recording_(recording), symbolizer_(symbolizer), frames_(frames) {
    for (const LoadedObject& object : recording.objects) {
        objects_.push_back(file_name(object.path));
    }
    constexpr std::uint64_t kSecond = 1'000'000'000;
    jit_ = symbols::read_jit_map(recording.root, recording.pid,
                                 static_cast<std::int64_t>(recording.process_started_realtime / kSecond));
}

bool Namer::is_allocator(const Address& address) const {
    return address.object != kNoObject &&
           std::any_of(kAllocators.begin(), kAllocators.end(),
                       [&](std::string_view name) { return objects_[address.object].starts_with(name); });
}

void Namer::add(const Address& address, NamedStack& named) {
    // Look up the byte before: a return address may be the first byte of the next function.
    if (address.object == kNoObject) {
        const auto function = jit_.function_at(address.value - 1);
        named.push_back(frames_.add({.function = function.value_or(fmt::format("{:#x}", address.value)),
                                     .object = function ? kRunTime : ""}));
        return;
    }
    const LoadedObject& object = recording_.objects[address.object];
    const auto& locations = symbolizer_.look_up(
        {.path = object.path, .build_id = object.build_id, .root = recording_.root}, address.offset - 1);
    for (const symbols::Location& location : locations) {
        named.push_back(frames_.add({.function = location.function,
                                     .file = location.file,
                                     .line = location.line,
                                     .object = objects_[address.object],
                                     .inlined = location.inlined}));
    }
    if (locations.empty()) {
        named.push_back(
            frames_.add({.function = fmt::format("{}+{:#x}", objects_[address.object], address.offset),
                         .object = objects_[address.object]}));
    }
}

std::uint32_t Frames::add(const Frame& frame) {
    const auto [place, is_new] = index_.try_emplace(frame, static_cast<std::uint32_t>(frames_.size()));
    if (is_new) {
        frames_.push_back(&place->first);
    }
    return place->second;
}

std::vector<NamedStack> name_stacks(const Recording& recording, symbols::Symbolizer& symbolizer,
                                    Frames& frames) {
    Namer namer(recording, symbolizer, frames);
    std::vector<NamedStack> named;
    for (const Stack& stack : recording.stacks) {
        NamedStack& names = named.emplace_back();
        for (const Address& address : stack) {
            if (!names.empty() || !namer.is_allocator(address)) {
                namer.add(address, names);
            }
        }
    }
    return named;
}

std::string_view exported_name(std::string_view function) {
    constexpr std::string_view kInternal = "__GI_";
    function.remove_prefix(function.starts_with(kInternal) ? kInternal.size() : 0);
    return function;
}

bool is_plumbing(const Frame& frame) {
    constexpr std::array kPrefixes{"std::",           "__gnu_cxx::",     "operator new",
                                   "alloc::",         "core::",          "<alloc::",
                                   "<core::",         "<std::",          "hashbrown::",
                                   "__rust_",         "__rdl_",          "__rustc::",
                                   "__gthread_",      "parking_lot::",   "lock_api::",
                                   "<parking_lot::",  "<lock_api::",     "PyMem_",
                                   "PyObject_Malloc", "PyObject_Calloc", "PyObject_Realloc",
                                   "_obstack_"};
    constexpr std::array<std::string_view, 28> kFunctions{
        "malloc",         "calloc",         "realloc",
        "reallocarray",   "aligned_alloc",  "memalign",
        "strdup",         "__strdup",       "strndup",
        "__strndup",      "asprintf",       "vasprintf",
        "getdelim",       "getline",        "posix_memalign",
        "g_malloc",       "g_malloc0",      "g_realloc",
        "g_strdup",       "xmalloc",        "xcalloc",
        "xrealloc",       "xstrdup",        "ashlar_malloc",
        "ashlar_calloc",  "ashlar_realloc", "ashlar_aligned_alloc",
        "ashlar_memalign"};
    const std::string_view function = exported_name(frame.function);
    const auto begins = [&](const char* name) { return function.starts_with(name); };
    return std::any_of(kPrefixes.begin(), kPrefixes.end(), begins) ||
           std::find(kFunctions.begin(), kFunctions.end(), function) != kFunctions.end();
}

std::optional<std::uint32_t> site_of(const NamedStack& stack, const Frames& frames) {
    if (stack.empty()) {
        return std::nullopt;
    }
    const auto site = std::find_if(stack.begin(), stack.end(),
                                   [&](std::uint32_t frame) { return !is_plumbing(frames[frame]); });
    return site == stack.end() ? stack.front() : *site;
}

std::string words_for(const Frame& frame) {
    if (!frame.file.empty() && frame.line != 0) {
        return fmt::format("{} at {}:{}", frame.function, file_name(frame.file), frame.line);
    }
    const bool says_object =
        frame.object.empty() || frame.object == kRunTime || frame.function.starts_with(frame.object + "+");
    return says_object ? frame.function : fmt::format("{} in {}", frame.function, frame.object);
}

} // namespace ashlar::profile
