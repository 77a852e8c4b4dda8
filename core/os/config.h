// SPDX-License-Identifier: MIT
//
// The settings: one table of keys, read from ASHLAR_CONF="key:value,key:value" at start and changed one by
// one through ashlar_control(). docs/configuration.md gives the reason for each.
//
// Unknown keys and bad values are named on stderr with what would be right, one line each; the rest of the
// string counts. Nothing here allocates. Written at start, before there is a second thread. Later only keys
// that may change at run time are written, with relaxed atomicity: readers see the old or the new value.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

namespace ashlar::os {

class Message;

// Whether memory belongs to a node of the machine, and who places it there.
enum class Numa : std::size_t {
    kOff,   // there is one node
    kLocal, // the kernel, by first touch
    kBind,  // we ask for the node
};

// Which superslabs may get huge pages.
enum class HugePages : std::size_t {
    kNever,
    kAuto,   // those that a large and well filled heap grows by, until they lose a part
    kAlways, // all
};

// What the hardened library asks of blocks of the size classes.
enum class Checks : std::size_t {
    kPointers, // that what is released is a block in use
    kAll,      // and that nothing was written behind it, or to it after its release
};

// A path. Set at start only.
class TextSetting {
  public:
    std::string_view view() const { return {text_.data(), length_}; }
    bool set(std::string_view text); // false if it is too long

  private:
    std::size_t length_ = 0;
    std::array<char, 256> text_{};
};

struct Settings {
    std::atomic<std::size_t> enabled{1};                         // 0: everything goes to the fallback
    std::atomic<std::size_t> prewarm{0};                         // 1: fill the tiny stacks at thread start
    std::atomic<std::size_t> background{0};                      // 1: a thread gives memory back
    std::atomic<std::size_t> print{0};                           // 1: show the settings at start
    std::atomic<std::size_t> thread_cache{std::size_t{3} << 20}; // bytes a thread's stacks may hold
    std::atomic<std::size_t> large_limit{std::size_t{16} << 30}; // larger blocks are the fallback's
    std::atomic<std::size_t> purge_delay_ms{1000};               // dirty pages are given back after
    std::atomic<std::size_t> dirty_limit{std::size_t{32} << 20}; // bytes that may be dirty, beyond a share
    std::atomic<std::size_t> window{std::size_t{8} << 40};       // bytes of addresses for superslabs
    std::atomic<std::size_t> numa{static_cast<std::size_t>(Numa::kLocal)};

    std::atomic<std::size_t> huge_pages{static_cast<std::size_t>(HugePages::kNever)};

    // Statistics without being asked for each time.
    TextSetting stats_at_exit;                // a file to write when the process ends
    TextSetting stats_file;                   // a file to write every second
    std::atomic<std::size_t> count{0};        // 1: each allocation and release is counted
    std::atomic<std::size_t> stats_signal{0}; // a signal that asks for them; 0: none

    // The profiler; not in the hardened library.
    std::atomic<std::size_t> profile{0};      // bytes between two samples, in the mean; 0: off at start
    std::atomic<std::size_t> profile_cost{2}; // percent of processor time that it may take; 0: no bound
    std::atomic<std::size_t> profile_limit{std::size_t{256} << 20}; // bytes of its file
    std::atomic<std::size_t> profile_interval_ms{0};                // between two dumps; 0: none
    std::atomic<std::size_t> profile_signal{0};                     // starts it or asks for a dump; 0: none
    std::atomic<std::size_t> profile_cpu{0}; // samples of each second of CPU time while it records; 0: none
    TextSetting profile_file;                // its folder, or a path with %p

    // Of the hardened library.
    std::atomic<std::size_t> checks{static_cast<std::size_t>(Checks::kAll)};
    std::atomic<std::size_t> quarantine{std::size_t{2}
                                        << 20}; // most bytes of released blocks that wait, per thread
    std::atomic<std::size_t> large_quarantine{std::size_t{32} << 20}; // and of large blocks, in all
    std::atomic<std::size_t> poison{64}; // most longer released blocks are filled and looked at at their ends
    std::atomic<std::size_t> guard_pages{1}; // 1: inaccessible pages around large blocks and behind slabs
    std::atomic<std::size_t> check_sizes{1}; // 1: a size or alignment given to a release must be right
    std::atomic<std::size_t> check_forms{0}; // 1: what new made only delete may release, and so on

    HugePages huge_pages_now() const {
        return static_cast<HugePages>(huge_pages.load(std::memory_order_relaxed));
    }
    Numa numa_now() const { return static_cast<Numa>(numa.load(std::memory_order_relaxed)); }
};

extern constinit Settings settings;

enum class SetResult { kDone, kUnknownKey, kBadValue, kOnlyAtStart, kOnlyHardened, kNotHardened };

// One "key:value", at run time.
SetResult change_setting(std::string_view setting);

// Reads ASHLAR_CONF (not in setuid programs) from an environment, the process's. Does nothing, and may be
// called again, if it is null (not there yet); afterwards does nothing when called again.
void read_settings(const char* const* environment);

// Takes one line for the user; warn() is one.
using Say = void (*)(const Message&);

// What counts of a string like ASHLAR_CONF's is set, as at start; each other setting is complained about.
void apply_settings(std::string_view configuration, Say say);

// Every effective value and where it came from at start, "key:value (source)".
void print_settings(Say say);

} // namespace ashlar::os
