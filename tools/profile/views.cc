// SPDX-License-Identifier: MIT
#include "profile/views.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>

namespace ashlar::profile {

namespace {

// Decides which samples a view holds, and how many bytes and blocks each stands for.
class Question {
  public:
    Question(const Recording& recording, View view, const ViewSettings& settings)
        : recording_(recording), view_(view), settings_(settings),
          moment_(view == View::kPeak ? peak_time(recording) : settings.at.value_or(recording.end)) {}

    bool holds(const Sample& sample) const {
        if (settings_.threads && std::find(settings_.threads->begin(), settings_.threads->end(),
                                           sample.thread) == settings_.threads->end()) {
            return false;
        }
        if (settings_.stacks && !settings_.stacks->at(sample.stack)) {
            return false;
        }
        switch (view_) {
        case View::kPeak:
        case View::kLive:
            return sample.is_live_at(moment_);
        case View::kLeaks:
            return !sample.freed && recording_.ending != Ending::kReplaced; // exec frees all
        case View::kTemporary:
            return sample.freed &&
                   sample.allocated_when_freed - sample.allocated <= settings_.temporary_within;
        case View::kWaste:
            return sample.pinned > 0;
        case View::kCpu:
        case View::kAllocationCpu: // these have no blocks
            return false;
        case View::kAllocated:
        case View::kLifetime:
            break;
        }
        return true;
    }

    Amount amount(const Sample& sample) const {
        Amount amount{.samples = 1, .sampled_bytes = sample.size};
        const double stretch = recording_.stretch(sample);
        amount.bytes.add(bytes(sample), sample.blocks, stretch);
        amount.blocks.add(sample.blocks, sample.blocks, stretch);
        return amount;
    }

    double age(const Sample& sample) const {
        constexpr double kNanosecond = 1e-9;
        if (view_ == View::kWaste) {
            return static_cast<double>(sample.age_when_pinned) * kNanosecond;
        }
        const bool is_of_a_moment = view_ == View::kPeak || view_ == View::kLive;
        const std::uint64_t until = is_of_a_moment ? moment_ : sample.freed.value_or(recording_.end);
        return static_cast<double>(until - std::min(sample.time, until)) * kNanosecond;
    }

  private:
    double bytes(const Sample& sample) const {
        switch (view_) {
        case View::kWaste: // already the sum over all blocks that the sample stands for
            return sample.pinned;
        case View::kLifetime:
            return sample.bytes * age(sample);
        default:
            return sample.bytes;
        }
    }

    const Recording& recording_;
    View view_;
    const ViewSettings& settings_;
    std::uint64_t moment_;
};

} // namespace

const char* name_of(View view) {
    switch (view) {
    case View::kPeak:
        return "peak";
    case View::kLive:
        return "live";
    case View::kAllocated:
        return "allocated";
    case View::kLeaks:
        return "leaks";
    case View::kTemporary:
        return "temporary";
    case View::kLifetime:
        return "lifetime";
    case View::kWaste:
        return "waste";
    case View::kCpu:
        return "cpu";
    case View::kAllocationCpu:
        return "allocation-cpu";
    }
    return "";
}

const char* unit_of(View view) {
    return is_of_cpu(view) ? "microseconds" : view == View::kLifetime ? "byte-seconds" : "bytes";
}

const char* sentence_of(View view) {
    switch (view) {
    case View::kPeak:
        return "live at the peak";
    case View::kLive:
        return "live at the end";
    case View::kAllocated:
        return "allocated, freed or not";
    case View::kLeaks:
        return "never freed";
    case View::kTemporary:
        return "freed soon after they were allocated";
    case View::kLifetime:
        return "held, bytes times seconds";
    case View::kWaste:
        return "free, but in slabs that live blocks keep";
    case View::kCpu:
        return "used of the processor";
    case View::kAllocationCpu:
        return "used of the processor to allocate and release";
    }
    return "";
}

ViewResult evaluate(const Recording& recording, View view, const ViewSettings& settings) {
    const Question question(recording, view, settings);
    std::map<std::uint32_t, StackAmount> stacks;
    ViewResult result{.view = view, .stacks = {}, .total = {}};
    for (const Sample& sample : recording.samples) {
        if (question.holds(sample)) {
            const Amount amount = question.amount(sample);
            StackAmount& stack = stacks[sample.stack];
            stack.stack = sample.stack;
            stack.amount.add(amount);
            stack.ages.emplace_back(question.age(sample), sample.blocks);
            result.total.add(amount);
        }
    }
    for (auto& [index, stack] : stacks) {
        result.stacks.push_back(std::move(stack));
    }
    return result;
}

std::uint64_t peak_time(const Recording& recording) {
    struct Change {
        std::uint64_t time;
        double bytes;
    };
    std::vector<Change> changes;
    changes.reserve(2 * recording.samples.size());
    for (const Sample& sample : recording.samples) {
        changes.push_back({.time = sample.time, .bytes = sample.bytes});
        if (sample.freed) {
            changes.push_back({.time = *sample.freed, .bytes = -sample.bytes});
        }
    }
    // A block released at a moment is not live then, so releases are sorted first.
    std::sort(changes.begin(), changes.end(), [](const Change& one, const Change& other) {
        return one.time != other.time ? one.time < other.time : one.bytes < other.bytes;
    });
    double live = 0;
    double most = 0;
    std::uint64_t moment = recording.end;
    for (const Change& change : changes) {
        live += change.bytes;
        if (live > most) {
            most = live;
            moment = change.time;
        }
    }
    return moment;
}

double median_age(std::vector<std::pair<double, double>> ages) {
    std::sort(ages.begin(), ages.end());
    double blocks = 0;
    for (const auto& [age, weight] : ages) {
        blocks += weight;
    }
    double passed = 0;
    for (const auto& [age, weight] : ages) {
        passed += weight;
        if (passed >= blocks / 2) {
            return age;
        }
    }
    return std::numeric_limits<double>::quiet_NaN();
}

std::vector<ThreadAmount> by_thread(const Recording& recording, View view, const ViewSettings& settings) {
    const Question question(recording, view, settings);
    std::map<std::uint32_t, Amount> amounts;
    for (const Sample& sample : recording.samples) {
        if (question.holds(sample)) {
            amounts[sample.thread].add(question.amount(sample));
        }
    }
    std::vector<ThreadAmount> threads;
    threads.reserve(amounts.size());
    for (const auto& [thread, amount] : amounts) {
        threads.push_back({.thread = thread, .amount = amount});
    }
    std::stable_sort(threads.begin(), threads.end(), [](const ThreadAmount& one, const ThreadAmount& other) {
        return one.amount.bytes.value > other.amount.bytes.value;
    });
    return threads;
}

Figure freed_blocks(const Recording& recording, const ViewSettings& settings) {
    const Question question(recording, View::kAllocated, settings);
    Figure blocks;
    for (const Sample& sample : recording.samples) {
        if (sample.freed && question.holds(sample)) {
            blocks.add(sample.blocks, sample.blocks, recording.stretch(sample));
        }
    }
    return blocks;
}

std::vector<SizeRange> sizes(const Recording& recording, const ViewSettings& settings) {
    const Question question(recording, View::kAllocated, settings);
    std::map<std::uint64_t, Amount> amounts;
    constexpr std::uint64_t kSmallest = 16;
    constexpr std::uint64_t kHighest = std::uint64_t{1} << 62;
    for (const Sample& sample : recording.samples) {
        if (question.holds(sample)) {
            amounts[std::bit_ceil(std::clamp(sample.size, kSmallest, kHighest))].add(question.amount(sample));
        }
    }
    std::vector<SizeRange> ranges;
    ranges.reserve(amounts.size());
    for (const auto& [largest, amount] : amounts) {
        ranges.push_back({.largest = largest, .amount = amount});
    }
    return ranges;
}

} // namespace ashlar::profile
