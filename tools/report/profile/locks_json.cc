// SPDX-License-Identifier: MIT
#include "report/profile/locks_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;
using Json = nlohmann::ordered_json;

constexpr int kFormatVersion = 1;

Json frames_json(const NamedStack& stack, const Frames& frames) {
    Json all = Json::array();
    for (const std::uint32_t frame : stack) {
        all.push_back(words_for(frames[frame]));
    }
    return all;
}

Json stacks_json(const std::vector<LockStack>& stacks, const Frames& frames) {
    Json all = Json::array();
    for (const LockStack& stack : stacks) {
        all.push_back({{"count", stack.count},
                       {"total_ns", stack.total},
                       {"max_ns", stack.max},
                       {"frames", frames_json(stack.frames, frames)}});
    }
    return all;
}

Json threads_json(const std::vector<LockThread>& threads) {
    Json all = Json::array();
    for (const LockThread& thread : threads) {
        all.push_back({{"tid", thread.tid},
                       {"name", thread.name},
                       {"waits", thread.waits},
                       {"wait_ns", thread.waited},
                       {"blocks", thread.blocks},
                       {"blocked_ns", thread.blocked}});
    }
    return all;
}

Json lock_json(const Lock& lock, const Frames& frames) {
    const lock_format::LockRow& row = lock.counts;
    return {{"name", lock.name},
            {"kind", lock.kind},
            {"address", row.address},
            {"locks", std::max(row.merged, 1U)},
            {"acquisitions", row.acquisitions},
            {"releases", row.releases},
            {"shared", row.shared},
            {"contended", row.contended},
            {"timed_out", row.timed_out},
            {"failed_tries", row.failed_tries},
            {"long_waits", row.long_waits},
            {"wait_ns", row.wait_total},
            {"wait_max_ns", row.wait_max},
            {"delayed", row.delayed},
            {"hold_mean_ns", lock.hold_mean()},
            {"hold_max_ns", row.hold_max},
            {"holds_sampled", row.holds_sampled},
            {"holds", row.holds},
            {"hold_ns", row.hold_total},
            {"waiters", stacks_json(lock.waiters, frames)},
            {"holders", stacks_json(lock.holders, frames)},
            {"holds_by_stack", stacks_json(lock.holds, frames)},
            {"threads", threads_json(lock.threads)}};
}

Json order_json(const LockReport& report, const LockOrder& order, const Frames& frames) {
    return {{"first", report.locks[order.first].name},
            {"second", report.locks[order.second].name},
            {"first_address", report.locks[order.first].counts.address},
            {"second_address", report.locks[order.second].counts.address},
            {"count", order.count},
            {"frames", frames_json(order.frames, frames)}};
}

Json report_json(const LockReport& report, const Frames& frames) {
    Json json{
        {"program", report.program}, {"pid", report.pid}, {"exited", report.exited}, {"lost", report.lost}};
    for (const char* list : {"locks", "orders", "cycles", "waiting", "long_waits"}) {
        json[list] = Json::array();
    }
    for (const Lock& lock : report.locks) {
        json["locks"].push_back(lock_json(lock, frames));
    }
    for (const LockOrder& order : report.orders) {
        json["orders"].push_back(order_json(report, order, frames));
    }
    for (const std::vector<std::size_t>& cycle : report.cycles) {
        Json edges = Json::array();
        for (const std::size_t edge : cycle) {
            edges.push_back(order_json(report, report.orders[edge], frames));
        }
        json["cycles"].push_back(edges);
    }
    for (const LockWaiter& waiter : report.waiting) {
        json["waiting"].push_back({{"thread", waiter.thread},
                                   {"lock", report.locks[waiter.lock].name},
                                   {"place", waiter.place},
                                   {"holder", waiter.holder},
                                   {"acquired", waiter.acquired}});
    }
    const auto thread_json = [&](std::uint64_t index) {
        return index == kNoThread ? Json() : Json(report.threads[index].tid);
    };
    for (const LongLockWait& wait : report.long_waits) {
        json["long_waits"].push_back({{"lock", report.locks[wait.lock].name},
                                      {"begin_ns", std::llround(wait.begin * 1e9)},
                                      {"wait_ns", std::llround(wait.seconds * 1e9)},
                                      {"tid", thread_json(wait.thread)},
                                      {"holder_tid", thread_json(wait.holder)},
                                      {"acquired", wait.acquired},
                                      {"frames", frames_json(wait.frames, frames)}});
    }
    json["deadlock"] = report.deadlock;
    return json;
}

} // namespace

void write_locks_json(std::ostream& out, const LockReports& reports, const Frames& frames) {
    Json json{{"version", kFormatVersion}, {"processes", Json::array()}};
    for (const LockReport& report : reports) {
        json["processes"].push_back(report_json(report, frames));
    }
    constexpr int kIndent = 2;
    out << json.dump(kIndent, ' ', false, Json::error_handler_t::replace) << '\n';
}

} // namespace ashlar::report::profile
