// SPDX-License-Identifier: MIT
// Queries of a recording, such as the stacks that allocated the blocks live at the peak.
#pragma once

#include "profile/estimate.h"
#include "profile/recording.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace ashlar::profile {

enum class View {
    kPeak,      // live at the moment with the most live bytes
    kLive,      // live at the end, or at a given moment
    kAllocated, // allocated at any time
    kLeaks,     // live when the program ended, and not suppressed
    kTemporary, // freed soon
    kLifetime,  // byte-seconds: bytes held times seconds held
    kWaste,     // free bytes that cannot be returned, because live blocks pin their slabs

    // Samples of the CPU, see summary.h. Their bytes are microseconds and their blocks are samples.
    kCpu,           // all of the program
    kAllocationCpu, // the allocator's share, by its caller
};

inline constexpr std::array kViews{View::kPeak,      View::kLive,     View::kAllocated, View::kLeaks,
                                   View::kTemporary, View::kLifetime, View::kWaste};

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
    std::uint64_t temporary_within = kSoon;              // bytes allocated by the process meanwhile
    std::optional<std::uint64_t> at{};                   // moment of View::kLive
    std::optional<std::vector<std::uint32_t>> threads{}; // only blocks that these threads (indexes) allocated
    std::optional<std::vector<bool>> stacks{}; // by stack index: only blocks of stacks that are true
};

struct StackAmount {
    std::uint32_t stack; // index
    Amount amount;
    std::vector<std::pair<double, double>> ages; // seconds, and blocks of that age; kWaste: at the dump
};

struct ViewResult {
    View view = View::kPeak;
    std::vector<StackAmount> stacks; // by index; without empty stacks
    Amount total;
};

ViewResult evaluate(const Recording& recording, View view, const ViewSettings& settings = {});

// Returns the time of the most live bytes, by the samples.
std::uint64_t peak_time(const Recording& recording);

// Returns the age that half of the blocks do not exceed, or NaN if there are no blocks.
double median_age(std::vector<std::pair<double, double>> ages);

// A thread that allocated, by index.
struct ThreadAmount {
    std::uint32_t thread;
    Amount amount;
};
std::vector<ThreadAmount> by_thread(const Recording& recording, View view, const ViewSettings& settings = {});

// Blocks allocated of one range of sizes: up to `largest` bytes, and more than the range before.
struct SizeRange {
    std::uint64_t largest;
    Amount amount;
};
std::vector<SizeRange> sizes(const Recording& recording, const ViewSettings& settings = {});

Figure freed_blocks(const Recording& recording, const ViewSettings& settings = {});

} // namespace ashlar::profile
