// SPDX-License-Identifier: MIT
#include "profile/locks.h"

#include "profile/address_space.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <set>
#include <tuple>

namespace ashlar::profile {

namespace {

using lock_format::LockKind;
using lock_format::LockRow;
using lock_format::Of;
using lock_format::ThreadRow;

std::string thread_name(const ThreadRow& row) {
    return {row.name.data(), strnlen(row.name.data(), row.name.size())};
}

class Reporter {
  public:
    Reporter(const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames)
        : recording_(recording), symbolizer_(symbolizer), frames_(frames),
          stacks_(name_stacks(recording, symbolizer, frames)) {}

    LockReport report() {
        report_.program = recording_.program;
        report_.pid = recording_.pid;
        report_.lost = recording_.lost;
        report_.is_full = recording_.state == profile_format::State::kFull;
        report_.exited = recording_.exited;
        report_.start = recording_.start;
        report_.started_realtime = recording_.started_realtime;
        add_threads();
        add_locks();
        tell_apart();
        add_tallies();
        sort();
        add_orders();
        find_cycles();
        add_waiting();
        add_long_waits();
        return std::move(report_);
    }

  private:
    void add_threads() {
        std::uint64_t last = recording_.end;
        for (const auto& [number, row] : recording_.locks.threads) {
            thread_index_[number] = report_.threads.size();
            report_.threads.push_back(
                {.number = static_cast<std::uint32_t>(number), .tid = row.tid, .name = thread_name(row)});
            last = std::max({last, row.since, row.started});
        }
        report_.seconds = recording_.seconds(last);
    }

    // Destroyed locks share rows. Rows of one kind and first site are merged into one lock.
    void add_locks() {
        std::map<std::pair<LockKind, std::uint64_t>, std::size_t> merged;
        for (const auto& [number, row] : recording_.locks.locks) {
            const bool is_merged = (row.flags & lock_format::kMerged) != 0;
            const auto place = merged.find({row.kind, row.first_site});
            if (is_merged && place != merged.end()) {
                index_[number] = place->second;
                continue;
            }
            if (is_merged) {
                merged[{row.kind, row.first_site}] = report_.locks.size();
            }
            index_[number] = report_.locks.size();
            report_.locks.push_back({.number = number,
                                     .name = name_of(row),
                                     .kind = kind_name(row.kind),
                                     .counts = row,
                                     .waiters = {},
                                     .holders = {},
                                     .holds = {},
                                     .threads = {}});
        }
        // Of merged rows, the row with the largest number of locks holds the counts.
        for (const auto& [number, row] : recording_.locks.locks) {
            Lock& lock = report_.locks[index_[number]];
            if (row.merged > lock.counts.merged) {
                lock.counts = row;
            }
        }
    }

    // Numbers the locks that share a name, in the order of their first use.
    void tell_apart() {
        std::map<std::string, std::vector<Lock*>> by_name;
        for (Lock& lock : report_.locks) {
            by_name[lock.name].push_back(&lock);
        }
        for (auto& [name, locks] : by_name) {
            for (std::size_t place = 0; locks.size() > 1 && place < locks.size(); ++place) {
                locks[place]->name += fmt::format(" #{}", place + 1);
            }
        }
    }

    std::string name_of(const LockRow& row) {
        if (row.name[0] != '\0') {
            return {row.name.data(), strnlen(row.name.data(), row.name.size())};
        }
        if ((row.flags & lock_format::kMerged) == 0) {
            if (std::string variable = variable_at(row.address); !variable.empty()) {
                return variable;
            }
        }
        const auto site = site_of(stacks_[row.first_stack], frames_);
        return site ? fmt::format("first used in {}", words_for(frames_[*site]))
                    : fmt::format("{:#x}", row.address);
    }

    // Variables lie above the code of their object, so this takes the nearest mapping below.
    std::string variable_at(std::uint64_t address) {
        const Mapping* best = nullptr;
        for (const Mapping& mapping : recording_.mappings) {
            if (mapping.begin <= address && (best == nullptr || mapping.begin > best->begin)) {
                best = &mapping;
            }
        }
        constexpr std::uint64_t kFarthest = std::uint64_t{1} << 30;
        if (best == nullptr || address - best->begin > kFarthest) {
            return {};
        }
        const LoadedObject& object = recording_.objects[best->object];
        return symbolizer_.variable({.path = object.path, .build_id = object.build_id}, best->offset,
                                    address - best->begin);
    }

    LockThread& thread_of(Lock& lock, std::uint64_t number) {
        const auto known = std::find_if(lock.threads.begin(), lock.threads.end(),
                                        [&](const LockThread& each) { return each.number == number; });
        if (known != lock.threads.end()) {
            return *known;
        }
        const auto row = recording_.locks.threads.find(number);
        const bool is_known = row != recording_.locks.threads.end();
        lock.threads.push_back({.number = number,
                                .tid = is_known ? row->second.tid : 0,
                                .name = is_known ? thread_name(row->second) : "",
                                .waits = 0,
                                .waited = 0,
                                .blocks = 0,
                                .blocked = 0});
        return lock.threads.back();
    }

    void add_tallies() {
        for (const lock_format::TallyRow& row : recording_.locks.tallies) {
            const auto place = index_.find(lock_format::lock_of_tally(row.key));
            if (place == index_.end()) {
                continue;
            }
            Lock& lock = report_.locks[place->second];
            const std::uint32_t number = lock_format::number_of_tally(row.key);
            switch (lock_format::of_tally(row.key)) {
            case Of::kWaitsByStack:
                add_stack(lock.waiters, number, row);
                break;
            case Of::kBlocksByStack:
                add_stack(lock.holders, number, row);
                break;
            case Of::kHoldsByStack:
                add_stack(lock.holds, number, row);
                break;
            case Of::kWaitsByThread: {
                LockThread& thread = thread_of(lock, number);
                thread.waits += row.count;
                thread.waited += row.total;
                break;
            }
            case Of::kBlocksByThread: {
                LockThread& thread = thread_of(lock, number);
                thread.blocks += row.count;
                thread.blocked += row.total;
                break;
            }
            }
        }
    }

    // Stacks that differ only in addresses share their names and become one.
    void add_stack(std::vector<LockStack>& all, std::uint64_t number, const lock_format::TallyRow& row) {
        const NamedStack& frames = number < stacks_.size() ? stacks_[number] : stacks_.front();
        const auto known = std::find_if(all.begin(), all.end(),
                                        [&](const LockStack& each) { return each.frames == frames; });
        LockStack& stack =
            known != all.end()
                ? *known
                : all.emplace_back(LockStack{.frames = frames, .count = 0, .total = 0, .max = 0});
        stack.count += row.count;
        stack.total += row.total;
        stack.max = std::max(stack.max, row.max);
    }

    void sort() {
        const auto by_total = [](const LockStack& one, const LockStack& other) {
            return one.total > other.total;
        };
        for (Lock& lock : report_.locks) {
            std::stable_sort(lock.waiters.begin(), lock.waiters.end(), by_total);
            std::stable_sort(lock.holders.begin(), lock.holders.end(), by_total);
            std::stable_sort(lock.holds.begin(), lock.holds.end(), by_total);
            std::stable_sort(
                lock.threads.begin(), lock.threads.end(),
                [](const LockThread& one, const LockThread& other) { return one.waited > other.waited; });
        }
        std::stable_sort(report_.locks.begin(), report_.locks.end(), [](const Lock& one, const Lock& other) {
            const auto key = [](const Lock& lock) {
                return std::tuple(is_held(lock.counts.kind), lock.counts.wait_total,
                                  lock.counts.acquisitions);
            };
            return key(one) > key(other);
        });
        std::map<std::uint64_t, std::size_t> places; // by the number of the representing row
        for (std::size_t place = 0; place < report_.locks.size(); ++place) {
            places[report_.locks[place].number] = place;
        }
        std::map<std::pair<LockKind, std::uint64_t>, std::size_t> merged;
        for (std::size_t place = 0; place < report_.locks.size(); ++place) {
            const LockRow& row = report_.locks[place].counts;
            if ((row.flags & lock_format::kMerged) != 0) {
                merged[{row.kind, row.first_site}] = place;
            }
        }
        for (auto& [number, place] : index_) {
            const auto own = places.find(number);
            const LockRow& row = recording_.locks.locks.at(number);
            place = own != places.end() ? own->second : merged.at({row.kind, row.first_site});
        }
    }

    void add_orders() {
        for (const lock_format::OrderRow& row : recording_.locks.orders) {
            const auto first = index_.find(row.key & 0xffff'ffff);
            const auto second = index_.find(row.key >> 32);
            if (first == index_.end() || second == index_.end() || first->second == second->second) {
                continue;
            }
            report_.orders.push_back(
                {.first = first->second,
                 .second = second->second,
                 .count = row.count,
                 .frames = row.stack < stacks_.size() ? stacks_[row.stack] : NamedStack(),
                 .by_many = row.others != 0,
                 .thread = row.thread});
        }
        std::stable_sort(
            report_.orders.begin(), report_.orders.end(),
            [](const LockOrder& one, const LockOrder& other) { return one.count > other.count; });
    }

    // Finds, for each edge, the shortest path back from its end to its beginning. Reports a set of locks
    // once.
    void find_cycles() {
        std::set<std::set<std::size_t>> known;
        for (std::size_t edge = 0; edge < report_.orders.size(); ++edge) {
            const std::vector<std::size_t> way =
                way_between(report_.orders[edge].second, report_.orders[edge].first);
            if (way.empty()) {
                continue;
            }
            std::vector<std::size_t> cycle{edge};
            cycle.insert(cycle.end(), way.begin(), way.end());
            std::set<std::size_t> locks;
            bool by_one = true; // a single thread cannot deadlock with itself
            for (const std::size_t each : cycle) {
                locks.insert(report_.orders[each].first);
                by_one &= !report_.orders[each].by_many &&
                          report_.orders[each].thread == report_.orders[cycle.front()].thread;
            }
            if (!by_one && known.insert(locks).second) {
                report_.cycles.push_back(cycle);
            }
        }
    }

    // Returns the edges of a shortest path (breadth-first search), or none if there is no path.
    std::vector<std::size_t> way_between(std::size_t from, std::size_t to) const {
        constexpr std::size_t kNone = ~std::size_t{0};
        std::vector<std::size_t> came_by(report_.locks.size(), kNone);
        std::vector<std::size_t> next{from};
        for (std::size_t place = 0; place < next.size() && came_by[to] == kNone; ++place) {
            for (std::size_t edge = 0; edge < report_.orders.size(); ++edge) {
                const LockOrder& order = report_.orders[edge];
                if (order.first == next[place] && order.second != from && came_by[order.second] == kNone) {
                    came_by[order.second] = edge;
                    next.push_back(order.second);
                }
            }
        }
        std::vector<std::size_t> way;
        for (std::size_t lock = to; lock != from && came_by[lock] != kNone;
             lock = report_.orders[came_by[lock]].first) {
            way.insert(way.begin(), came_by[lock]);
        }
        return way;
    }

    std::string words_for_thread(std::uint64_t number) const {
        const auto row = recording_.locks.threads.find(number);
        return row == recording_.locks.threads.end()
                   ? fmt::format("thread {}", number)
                   : fmt::format("{} ({})", thread_name(row->second), row->second.tid);
    }

    std::string words_for_address(std::uint64_t address) {
        Recording one;
        one.objects = recording_.objects;
        one.pid = recording_.pid;
        AddressSpace space;
        for (const Mapping& mapping : recording_.mappings) {
            space.add(mapping);
        }
        one.stacks = {{space.resolve(address)}};
        const std::vector<NamedStack> named = name_stacks(one, symbolizer_, frames_);
        const auto site = site_of(named.front(), frames_);
        return site ? words_for(frames_[*site]) : fmt::format("{:#x}", address);
    }

    std::uint64_t index_of_thread(std::uint64_t number) const {
        const auto known = thread_index_.find(number);
        return known == thread_index_.end() ? kNoThread : known->second;
    }

    void add_long_waits() {
        std::map<std::uint64_t, std::string> places;
        for (const lock_format::LongWait& wait : recording_.locks.long_waits) {
            const auto lock = index_.find(wait.lock);
            const std::uint64_t thread = index_of_thread(wait.thread);
            if (lock == index_.end() || thread == kNoThread) {
                continue;
            }
            const bool is_known = wait.holder != 0 && is_held(report_.locks[lock->second].counts.kind);
            if (is_known && places.count(wait.holder_site) == 0) {
                places[wait.holder_site] = words_for_address(wait.holder_site);
            }
            report_.long_waits.push_back(
                {.lock = lock->second,
                 .begin = recording_.seconds(wait.begin),
                 .seconds = static_cast<double>(wait.nanoseconds) * 1e-9,
                 .thread = thread,
                 .holder = is_known ? index_of_thread(wait.holder) : kNoThread,
                 .acquired = is_known ? places[wait.holder_site] : "",
                 .frames = wait.stack < stacks_.size() ? stacks_[wait.stack] : NamedStack()});
        }
    }

    // Adds the threads that waited when the process was killed, or when the file was read.
    void add_waiting() {
        std::map<std::uint64_t, std::uint64_t> waits_for; // thread to holder, by number
        std::uint64_t last = recording_.end;
        for (const auto& [number, thread] : recording_.locks.threads) {
            last = std::max(last, thread.since);
        }
        for (const auto& [number, thread] : recording_.locks.threads) {
            const auto lock = index_.find(thread.waits_for);
            if (thread.waits_for == 0 || thread.ended != 0 || lock == index_.end()) {
                continue;
            }
            const LockRow& row = recording_.locks.locks.at(thread.waits_for);
            const bool is_taken = is_held(row.kind) && row.holder != 0 && row.acquisitions != row.releases;
            report_.waiting.push_back({.thread = words_for_thread(number),
                                       .lock = lock->second,
                                       .since = last - thread.since,
                                       .place = words_for_address(thread.site),
                                       .holder = is_taken ? words_for_thread(row.holder) : "",
                                       .acquired = is_taken ? words_for_address(row.site) : "",
                                       .thread_number = number,
                                       .holder_number = is_taken ? row.holder : 0});
            if (is_taken) {
                waits_for[number] = row.holder;
            }
        }
        for (const auto& [begin, end] : waits_for) {
            std::vector<std::uint64_t> circle{begin};
            auto next = waits_for.find(end);
            while (next != waits_for.end() && next->first != begin && circle.size() <= waits_for.size()) {
                circle.push_back(next->first);
                next = waits_for.find(next->second);
            }
            if (next != waits_for.end() && next->first == begin) {
                for (const std::uint64_t thread : circle) {
                    report_.deadlock.push_back(words_for_thread(thread));
                }
                return;
            }
        }
    }

    const Recording& recording_;
    symbols::Symbolizer& symbolizer_;
    Frames& frames_;
    std::vector<NamedStack> stacks_;
    LockReport report_;
    std::map<std::uint64_t, std::size_t> index_;          // of locks, by number
    std::map<std::uint64_t, std::uint64_t> thread_index_; // of threads, by number
};

} // namespace

const char* kind_name(LockKind kind) {
    constexpr std::array kNames{"?",         "mutex",   "read-write lock", "spin lock", "semaphore",
                                "condition", "barrier", "futex",           "annotated"};
    const auto index = static_cast<std::size_t>(kind);
    return kNames[index < kNames.size() ? index : 0];
}

bool is_held(LockKind kind) {
    return kind != LockKind::kCondition && kind != LockKind::kBarrier && kind != LockKind::kFutex;
}

std::uint64_t LockReport::total_wait() const {
    std::uint64_t total = 0;
    for (const Lock& lock : locks) {
        total += is_held(lock.counts.kind) ? lock.counts.wait_total : 0;
    }
    return total;
}

LockReport report_locks(const Recording& recording, symbols::Symbolizer& symbolizer, Frames& frames) {
    return Reporter(recording, symbolizer, frames).report();
}

} // namespace ashlar::profile
