// SPDX-License-Identifier: MIT
// Questions to a recording: which stacks allocated what was live at the peak, what was never freed, and so
// on.
#pragma once

#include "profile/estimate.h"
#include "profile/recording.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::profile {

enum class View {
    kPeak,      // live at the moment when the most was
    kLive,      // live at the end, or at a given moment
    kAllocated, // allocated at any time
    kLeaks,     // live when the program ended, and not suppressed
    kTemporary, // freed soon
    kLifetime,  // byte-seconds: how much was held for how long
    kWaste,     // free bytes that cannot be given back, because blocks are left in the slabs that they lie in

    // Of samples of the processor, see summary.h. Their bytes are microseconds, their blocks samples.
    kCpu,           // all of the program
    kAllocationCpu, // what the allocator used, by who called it
};

inline constexpr std::array kViews{View::kPeak,      View::kLive,     View::kAllocated, View::kLeaks,
                                   View::kTemporary, View::kLifetime, View::kWaste};

// Memory's, and the processor's.
inline constexpr std::array kCpuViews{View::kCpu, View::kAllocationCpu};
inline constexpr std::array kAllViews{View::kPeak,  View::kLive,      View::kAllocated,
                                      View::kLeaks, View::kTemporary, View::kLifetime,
                                      View::kWaste, View::kCpu,       View::kAllocationCpu};
constexpr bool is_of_cpu(View view) {
    return view == View::kCpu || view == View::kAllocationCpu;
}

const char* name_of(View view);     // "peak"
const char* unit_of(View view);     // "bytes", "byte-seconds" or "microseconds"
const char* sentence_of(View view); // "live at the peak"

inline constexpr std::uint64_t kSoon = std::uint64_t{1} << 20;

struct ViewSettings {
    std::uint64_t temporary_within = kSoon;              // bytes that the process allocated in between
    std::optional<std::uint64_t> at{};                   // of kLive
    std::optional<std::vector<std::uint32_t>> threads{}; // only blocks that these (indexes) have allocated
    std::optional<std::vector<bool>> stacks{};           // by index: only blocks of those that are true
};

struct StackAmount {
    std::uint32_t stack; // index
    Amount amount;
    std::vector<std::pair<double, double>> ages; // seconds, and blocks of that age; of kWaste when dumped
};

struct ViewResult {
    View view = View::kPeak;
    std::vector<StackAmount> stacks; // in the order of the stacks; without those of nothing
    Amount total;
};

ViewResult evaluate(const Recording& recording, View view, const ViewSettings& settings = {});

// When the most was live, by the samples.
std::uint64_t peak_time(const Recording& recording);

// The age that half of the blocks do not exceed; not a number for none.
double median_age(std::vector<std::pair<double, double>> ages);

// Threads that allocated something, by their indexes.
struct ThreadAmount {
    std::uint32_t thread;
    Amount amount;
};
std::vector<ThreadAmount> by_thread(const Recording& recording, View view, const ViewSettings& settings = {});

// How many blocks of which size were allocated: up to `largest` and more than the one before.
struct SizeRange {
    std::uint64_t largest;
    Amount amount;
};
std::vector<SizeRange> sizes(const Recording& recording, const ViewSettings& settings = {});

Figure freed_blocks(const Recording& recording, const ViewSettings& settings = {});

} // namespace ashlar::profile
