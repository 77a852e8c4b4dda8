// SPDX-License-Identifier: MIT
#include "profile/summary.h"

#include <algorithm>
#include <map>

namespace ashlar::profile {

namespace {

// Samples are taken at regular distances of CPU time. The number that hits one place therefore varies at most
// as much as with random sampling.
Amount amount_of(const CpuSample& sample) {
    Amount amount{.samples = 1};
    amount.bytes = {.value = sample.microseconds, .variance = sample.microseconds * sample.microseconds};
    amount.blocks.value = 1;
    return amount;
}

bool is_of_thread(const CpuSample& sample, const ViewSettings& settings) {
    return !settings.threads || std::find(settings.threads->begin(), settings.threads->end(),
                                          sample.thread) != settings.threads->end();
}

std::vector<WeightedStack> weighted(const std::map<std::uint32_t, Amount>& amounts,
                                    const std::vector<CpuStack>& names, NamedStack CpuStack::*part) {
    std::vector<WeightedStack> stacks;
    stacks.reserve(amounts.size());
    for (const auto& [stack, amount] : amounts) {
        stacks.push_back({.frames = names[stack].*part, .amount = amount, .ages = {}});
    }
    return stacks;
}

// Returns the operation that the program requested from the allocator. The allocator's functions tail-call
// one another, so the stack often holds only the inner ones.
std::string operation_of(std::string_view function) {
    function = function.substr(0, function.find('('));
    const auto has = [&](std::string_view word) { return function.find(word) != std::string_view::npos; };
    if (has("realloc") || has("resize")) {
        return "realloc";
    }
    if (has("free") || has("delete") || has("release") || has("sampling::end")) {
        return "free";
    }
    const bool allocates = has("alloc") || has("memalign") || has("operator new") || has("sampling::begin");
    return allocates ? "malloc" : "others";
}

} // namespace

std::vector<CpuStack> name_cpu_stacks(const Recording& recording, symbols::Symbolizer& symbolizer,
                                      Frames& frames) {
    Namer namer(recording, symbolizer, frames);
    std::vector<CpuStack> named(recording.stacks.size());
    for (const CpuSample& sample : recording.cpu_samples) {
        CpuStack& names = named[sample.stack];
        const Stack& stack = recording.stacks[sample.stack];
        if (!names.whole.empty() || stack.empty()) {
            continue;
        }
        for (const Address& address : stack) {
            namer.add(address, names.whole);
        }
        // Order from the innermost frame outwards: the allocator's callees, the allocator, its callers.
        const auto is_allocator = [&](const Address& address) { return namer.is_allocator(address); };
        const auto begin = std::find_if(stack.begin(), stack.end(), is_allocator);
        const auto end = std::find_if_not(begin, stack.end(), is_allocator);
        for (auto address = begin == stack.end() ? stack.begin() : end; address != stack.end(); ++address) {
            namer.add(*address, names.caller);
        }
        if (begin != end) {
            NamedStack last;
            namer.add(*std::prev(end), last);
            names.operation = operation_of(frames[last.back()].function);
        }
    }
    return named;
}

void add_cpu(Summary& summary, const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames,
             const SummarySettings& settings) {
    std::map<std::uint32_t, Amount> all;
    std::map<std::uint32_t, Amount> allocator;
    std::map<std::uint32_t, Amount> released;
    if (settings.cpu && recording.cpu_time) {
        const std::vector<CpuStack> names = name_cpu_stacks(recording, symbolizer, frames);
        const ViewSettings views = view_settings(recording, settings);
        CpuFigures figures{.used = static_cast<double>(recording.cpu_time->used) * 1e-3,
                           .period = static_cast<double>(recording.cpu_time->microseconds),
                           .lost = recording.cpu_time->lost,
                           .unwatched = recording.cpu_time->unwatched,
                           .state = recording.cpu_time->state};
        std::map<std::string, Amount> operations;
        for (const CpuSample& sample : recording.cpu_samples) {
            const CpuStack& stack = names[sample.stack];
            figures.sampled += sample.microseconds;
            if (!is_of_thread(sample, views) || !settings.filter.matches(stack.whole, frames)) {
                continue;
            }
            all[sample.stack].add(amount_of(sample));
            if (sample.in_allocator) {
                allocator[sample.stack].add(amount_of(sample));
                operations[stack.operation].add(amount_of(sample));
                if (stack.operation == "free") {
                    released[sample.stack].add(amount_of(sample));
                }
            }
        }
        for (const Site& site :
             sites(weighted(released, names, &CpuStack::caller), frames, View::kAllocationCpu)) {
            figures.releasing.insert(site.frame);
        }
        figures.used = std::max(figures.used, figures.sampled); // the last record may be 1 s old
        figures.operations.assign(operations.begin(), operations.end());
        std::stable_sort(figures.operations.begin(), figures.operations.end(),
                         [](const auto& one, const auto& other) {
                             return one.second.bytes.value > other.second.bytes.value;
                         });
        summary.cpu = std::move(figures);
        // No filter here: the samples were already filtered by their whole stacks.
        summary.views.insert_or_assign(
            View::kCpu, summarise_stacks(View::kCpu, weighted(all, names, &CpuStack::whole), frames, {}));
        summary.views.insert_or_assign(View::kAllocationCpu,
                                       summarise_stacks(View::kAllocationCpu,
                                                        weighted(allocator, names, &CpuStack::caller), frames,
                                                        {}));
        return;
    }
    for (const View view : kCpuViews) {
        summary.views.insert_or_assign(view, summarise_stacks(view, {}, frames, {}));
    }
}

std::optional<Figure> calls_at(const Summary& summary, std::uint32_t frame) {
    const std::vector<Site>& sites = summary.at(View::kAllocated).sites;
    const auto site =
        std::find_if(sites.begin(), sites.end(), [&](const Site& each) { return each.frame == frame; });
    return site == sites.end() ? std::nullopt : std::optional(site->amount.blocks);
}

std::optional<double> time_of_call_at(const Summary& summary, const Site& site) {
    const std::optional<Figure> calls = calls_at(summary, site.frame);
    if (!calls || !summary.cpu || summary.cpu->releasing.contains(site.frame)) {
        return std::nullopt;
    }
    return site.amount.bytes.value / calls->value;
}

} // namespace ashlar::profile
