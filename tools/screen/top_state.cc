// SPDX-License-Identifier: MIT
#include "screen/top_state.h"

#include <algorithm>

namespace ashlar::screen {

namespace {

bool comes_before(ListOrder order, const Watched& a, const Watched& b) {
    const Watched::Point left = point_of(a.now.ledger);
    const Watched::Point right = point_of(b.now.ledger);
    switch (order) {
    case ListOrder::kNumber:
        return a.process < b.process;
    case ListOrder::kRss:
        return a.now.ledger.rss > b.now.ledger.rss;
    case ListOrder::kLive:
        return left.live > right.live;
    case ListOrder::kFree:
        return left.rest_of_heap > right.rest_of_heap;
    case ListOrder::kOutside:
        return left.outside > right.outside;
    case ListOrder::kRate:
        return (a.rates ? a.rates->bytes : 0) > (b.rates ? b.rates->bytes : 0);
    case ListOrder::kThreads:
        return a.now.ledger.threads > b.now.ledger.threads;
    case ListOrder::kName:
        break;
    }
    return a.now.status.name < b.now.status.name;
}

} // namespace

Watched::Point point_of(const observe::Ledger& ledger) {
    const std::uint64_t live = ledger[observe::Part::kLive];
    const std::uint64_t heap = ledger.heap() + ledger[observe::Part::kHugeExcess];
    return {.live = live, .rest_of_heap = heap - live, .outside = ledger.sum() - heap};
}

void sort_processes(TopState& state) {
    const pid_t selected = state.follows && state.selected < state.processes.size()
                               ? state.processes[state.selected].process
                               : 0;
    std::stable_sort(state.processes.begin(), state.processes.end(), [&](const Watched& a, const Watched& b) {
        return state.reversed ? comes_before(state.list_order, b, a) : comes_before(state.list_order, a, b);
    });
    const auto found = std::find_if(state.processes.begin(), state.processes.end(),
                                    [&](const Watched& each) { return each.process == selected; });
    if (found != state.processes.end()) {
        state.selected = static_cast<std::size_t>(found - state.processes.begin());
    }
    state.selected = std::min(state.selected, std::max<std::size_t>(state.processes.size(), 1) - 1);
}

} // namespace ashlar::screen
