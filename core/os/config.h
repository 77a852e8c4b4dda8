// SPDX-License-Identifier: MIT
//
// The settings: one table of keys. ASHLAR_CONF="key:value,key:value" sets them at start, ashlar_control()
// sets single keys later. docs/configuration.md gives the reason for each.
//
// Each unknown key or bad value gets one line on stderr with a correction. The rest of the string is applied.
// Nothing here allocates. At start the settings are written before there is a second thread. Later writes are
// relaxed atomic stores to keys that may change at run time: readers see the old or the new value.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

namespace ashlar::os {

class Message;

// Whether each node's memory is kept apart, and who places memory on a node.
enum class Numa : std::size_t {
    kOff,   // the machine has one node
    kLocal, // the kernel places, by first touch
    kBind,  // the library asks for the node
};

// Superslabs that may get huge pages.
enum class HugePages : std::size_t {
    kNever,
    kAuto,   // those added to a large, well-filled heap, until a part of one is purged
    kAlways, // all
};

// Checks of the hardened library on blocks of the size classes.
enum class Checks : std::size_t {
    kPointers, // released pointers are blocks in use
    kAll,      // also: no write behind a block, or to a block after its release
};

// A path that is set at start only.
class TextSetting {
  public:
    std::string_view view() const { return {text_.data(), length_}; }
    bool set(std::string_view text); // returns false if `text` is too long

  private:
    std::size_t length_ = 0;
    std::array<char, 256> text_{};
};

struct Settings {
    std::atomic<std::size_t> enabled{1};    // 0: the fallback serves everything
    std::atomic<std::size_t> prewarm{0};    // 1: fill the tiny classes' stacks at thread start
    std::atomic<std::size_t> background{0}; // 1: a background thread purges memory
    std::atomic<std::size_t> print{0};      // 1: print the settings at start
    std::atomic<std::size_t> thread_cache{std::size_t{3} << 20}; // bytes in one thread's stacks, at most
    std::atomic<std::size_t> large_limit{std::size_t{16} << 30}; // bytes; larger blocks go to the fallback
    std::atomic<std::size_t> purge_delay_ms{1000};               // age at which dirty pages are purged
    std::atomic<std::size_t> dirty_limit{std::size_t{32} << 20}; // dirty bytes beyond a share of the heap
    std::atomic<std::size_t> window{std::size_t{8} << 40};       // bytes of addresses for superslabs
    std::atomic<std::size_t> numa{static_cast<std::size_t>(Numa::kLocal)};

    std::atomic<std::size_t> huge_pages{static_cast<std::size_t>(HugePages::kNever)};

    // Statistics that are written without a call.
    TextSetting stats_at_exit;                // file that is written when the process ends
    TextSetting stats_file;                   // file that is written every second
    std::atomic<std::size_t> count{0};        // 1: count each allocation and release
    std::atomic<std::size_t> stats_signal{0}; // signal that requests statistics; 0: none

    // The profiler, which the hardened library does not have.
    std::atomic<std::size_t> profile{0};      // mean bytes between two samples; 0: off at start
    std::atomic<std::size_t> profile_cost{2}; // percent of processor time, at most; 0: no limit
    std::atomic<std::size_t> profile_limit{std::size_t{256} << 20}; // bytes of the file, at most
    std::atomic<std::size_t> profile_interval_ms{0};                // time between two dumps; 0: none
    std::atomic<std::size_t> profile_signal{0}; // signal that starts it or requests a dump; 0: none
    std::atomic<std::size_t> profile_cpu{0};    // samples per second of CPU time while recording; 0: none
    TextSetting profile_file;                   // folder, or a path with %p

    // Settings of the hardened library.
    std::atomic<std::size_t> checks{static_cast<std::size_t>(Checks::kAll)};
    std::atomic<std::size_t> quarantine{std::size_t{2} << 20};        // bytes that wait, per thread
    std::atomic<std::size_t> large_quarantine{std::size_t{32} << 20}; // bytes of large blocks that wait
    std::atomic<std::size_t> poison{64}; // bytes; most longer released blocks are filled only at both ends
    std::atomic<std::size_t> guard_pages{1}; // 1: inaccessible pages around large blocks and behind slabs
    std::atomic<std::size_t> check_sizes{1}; // 1: check the size and alignment that a release names
    std::atomic<std::size_t> check_forms{0}; // 1: only delete may release a block of new, and so on

    HugePages huge_pages_now() const {
        return static_cast<HugePages>(huge_pages.load(std::memory_order_relaxed));
    }
    Numa numa_now() const { return static_cast<Numa>(numa.load(std::memory_order_relaxed)); }
};

extern constinit Settings settings;

enum class SetResult { kDone, kUnknownKey, kBadValue, kOnlyAtStart, kOnlyHardened, kNotHardened };

// Applies one "key:value" at run time.
SetResult change_setting(std::string_view setting);

// Reads ASHLAR_CONF from the process's `environment`, except in setuid programs. Does nothing while
// `environment` is null (too early), and after the first reading.
void read_settings(const char* const* environment);

// Takes one line for the user, as warn() does.
using Say = void (*)(const Message&);

// Applies a string like ASHLAR_CONF's, as at start. Calls `say` once for each setting that it cannot apply.
void apply_settings(std::string_view configuration, Say say);

// Calls `say` with each effective value and its origin at start: "key:value (source)".
void print_settings(Say say);

} // namespace ashlar::os
