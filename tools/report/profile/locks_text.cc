// SPDX-License-Identifier: MIT
#include "report/profile/locks_text.h"

#include "report/profile/quantities.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <ostream>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;

std::string time_text(double nanoseconds) {
    return nanoseconds == 0 ? "0" : seconds_text(nanoseconds * 1e-9);
}
std::string time_text(std::uint64_t nanoseconds) {
    return time_text(static_cast<double>(nanoseconds));
}

double mean(std::uint64_t total, std::uint64_t count) {
    return count == 0 ? 0 : static_cast<double>(total) / static_cast<double>(count);
}

class Text {
  public:
    Text(const LockReport& report, const Frames& frames, std::size_t top, const TextSettings& settings)
        : report_(report), frames_(frames), top_(top), settings_(settings) {}

    std::string render() {
        text_ += fmt::format("Locks of {} (process {}): {}, waited for {} in all\n\n",
                             std::filesystem::path(report_.program).filename().string(), report_.pid,
                             locks_used(), time_text(report_.total_wait()));
        add_waiting();
        add_locks();
        add_stacks("Who waited, by stack (estimates)", &Lock::waiters);
        add_stacks("Who kept others waiting: the stack that released the lock (estimates)", &Lock::holders);
        add_events();
        add_order();
        add_sentences("What to do", lock_advice(report_));
        add_sentences("Mind", lock_cautions(report_));
        return text_;
    }

  private:
    void add_heading(const std::string& words) {
        text_ += settings_.colour ? "\033[1m" + words + "\033[0m\n" : words + "\n";
    }

    std::string locks_used() const {
        const auto count = std::count_if(report_.locks.begin(), report_.locks.end(),
                                         [](const Lock& lock) { return is_held(lock.counts.kind); });
        return count == 1 ? "1 lock" : fmt::format("{} locks", count);
    }

    void add_waiting() {
        if (!report_.deadlock.empty()) {
            add_heading("Deadlock: these threads wait for one another");
            text_ += "  ";
            for (const std::string& thread : report_.deadlock) {
                text_ += thread + " -> ";
            }
            text_ += report_.deadlock.front() + "\n\n";
        }
        if (report_.waiting.empty() || report_.exited) {
            return;
        }
        add_heading("Who waited when the recording ended");
        for (const LockWaiter& waiter : report_.waiting) {
            const Lock& lock = report_.locks[waiter.lock];
            text_ += fmt::format("  {} waits for the {} {}, in {}", waiter.thread, lock.kind, lock.name,
                                 waiter.place);
            text_ += waiter.holder.empty() ? "\n"
                                           : fmt::format("\n    held by {}, who acquired it in {}\n",
                                                         waiter.holder, waiter.acquired);
        }
        text_ += "\n";
    }

    void add_locks() {
        add_heading("Locks, by the time that threads waited for them");
        TextTable table(
            {"", "kind", "acquired", "contended", "waited", "mean wait", "longest", "long", "mean hold"});
        std::size_t left = top_;
        for (const Lock& lock : report_.locks) {
            if (!is_held(lock.counts.kind) || left == 0) {
                continue;
            }
            --left;
            const lock_format::LockRow& row = lock.counts;
            table.add({{name_of(lock)},
                       {lock.kind},
                       {fmt::format("{}", row.acquisitions)},
                       {fmt::format("{}", row.contended)},
                       {time_text(row.wait_total)},
                       {time_text(mean(row.wait_total, row.contended + row.timed_out))},
                       {time_text(row.wait_max)},
                       {fmt::format("{}", row.long_waits)},
                       {row.holds == 0 ? "" : "~" + time_text(lock.hold_mean())}});
        }
        text_ += table.render(settings_.colour, settings_.columns) + "\n";
    }

    static std::string name_of(const Lock& lock) {
        return lock.counts.merged > 1 ? fmt::format("{} ({} locks)", lock.name, lock.counts.merged)
                                      : lock.name;
    }

    void add_stacks(const char* heading, std::vector<LockStack> Lock::*stacks) {
        constexpr std::size_t kLocks = 3;
        constexpr std::size_t kStacks = 3;
        constexpr std::size_t kFrames = 6;
        bool first = true;
        std::size_t shown = 0;
        for (const Lock& lock : report_.locks) {
            if ((lock.*stacks).empty() || !is_held(lock.counts.kind) || shown == kLocks) {
                continue;
            }
            ++shown;
            if (first) {
                add_heading(heading);
            }
            first = false;
            text_ += fmt::format("  {}\n", lock.name);
            for (std::size_t place = 0; place < std::min(kStacks, (lock.*stacks).size()); ++place) {
                const LockStack& stack = (lock.*stacks)[place];
                text_ += fmt::format("    {} in {} times\n", time_text(stack.total), stack.count);
                add_frames(stack.frames, kFrames);
            }
        }
        text_ += first ? "" : "\n";
    }

    // Adds frames from the first one that is the program's.
    void add_frames(const NamedStack& frames, std::size_t most) {
        auto frame = std::find_if(frames.begin(), frames.end(),
                                  [&](std::uint32_t each) { return !is_plumbing(frames_[each]); });
        if (frame == frames.end()) {
            frame = frames.begin();
        }
        for (; frame != frames.end() && most != 0; ++frame, --most) {
            text_ += fmt::format("      {}\n", words_for(frames_[*frame]));
        }
    }

    // Adds conditions, barriers and futexes, where a wait may be a wait for work.
    void add_events() {
        TextTable table({"", "kind", "waits", "timed out", "waited", "longest"});
        std::size_t rows = 0;
        for (const Lock& lock : report_.locks) {
            const lock_format::LockRow& row = lock.counts;
            if (is_held(row.kind) || row.wait_total == 0 || rows == top_) {
                continue;
            }
            ++rows;
            table.add({{name_of(lock)},
                       {lock.kind},
                       {fmt::format("{}", row.contended)},
                       {fmt::format("{}", row.timed_out)},
                       {time_text(row.wait_total)},
                       {time_text(row.wait_max)}});
        }
        if (rows != 0) {
            add_heading("Waits for events (may be waits for work)");
            text_ += table.render(settings_.colour, settings_.columns) + "\n";
        }
    }

    void add_order() {
        if (report_.orders.empty()) {
            return;
        }
        add_heading("Order of acquisition: the second was acquired while the first was held");
        for (std::size_t place = 0; place < std::min(top_, report_.orders.size()); ++place) {
            text_ += order_line(report_.orders[place]);
        }
        text_ += "\n";
        for (const std::vector<std::size_t>& cycle : report_.cycles) {
            add_heading("Possible deadlock: locks are acquired in a circle");
            for (const std::size_t edge : cycle) {
                text_ += order_line(report_.orders[edge]);
            }
            text_ += "\n";
        }
    }

    std::string order_line(const LockOrder& order) const {
        const auto site = site_of(order.frames, frames_);
        return fmt::format("  {} -> {}, {} times{}\n", report_.locks[order.first].name,
                           report_.locks[order.second].name, order.count,
                           site ? ", first in " + words_for(frames_[*site]) : "");
    }

    void add_sentences(const char* heading, const std::vector<std::string>& sentences) {
        if (sentences.empty()) {
            return;
        }
        add_heading(heading);
        for (const std::string& sentence : sentences) {
            text_ += "  " + sentence + "\n";
        }
        text_ += "\n";
    }

    const LockReport& report_;
    const Frames& frames_;
    std::size_t top_;
    TextSettings settings_;
    std::string text_;
};

} // namespace

std::vector<std::string> lock_advice(const LockReport& report) {
    std::vector<std::string> sentences;
    if (!report.cycles.empty()) {
        sentences.emplace_back(
            "Acquire the locks of each circle above in one order, or with std::scoped_lock, "
            "which avoids deadlocks.");
    }
    const Lock* const worst = report.locks.empty() ? nullptr : &report.locks.front();
    if (worst == nullptr || worst->counts.wait_total == 0 || !is_held(worst->counts.kind)) {
        if (report.cycles.empty() && report.deadlock.empty()) {
            sentences.emplace_back("Nothing: no thread waited for a lock.");
        }
        return sentences;
    }
    constexpr double kMicrosecond = 1000;
    constexpr double kLongHold = 100 * kMicrosecond;
    constexpr std::uint64_t kMostlyReaders = 4;
    const lock_format::LockRow& row = worst->counts;
    if (worst->hold_mean() > kLongHold) {
        sentences.push_back(fmt::format("{} is held for {} in the mean: do less while it is held, I/O and "
                                        "allocation first.",
                                        worst->name, time_text(worst->hold_mean())));
    } else if (row.kind == lock_format::LockKind::kReadWrite &&
               row.shared * kMostlyReaders < row.acquisitions * 3) {
        sentences.push_back(
            fmt::format("{} is acquired by writers mostly: a mutex costs less.", worst->name));
    } else {
        sentences.push_back(
            fmt::format("{} is held shortly but by many: give each thread or each part of the "
                        "data a lock of its own, or acquire it less often.",
                        worst->name));
    }
    return sentences;
}

std::vector<std::string> lock_cautions(const LockReport& report) {
    std::vector<std::string> sentences{
        "Counts and waits are exact; stacks, and figures with ~, are estimates from samples."};
    for (const Lock& lock : report.locks) {
        if (lock.counts.delayed != 0) {
            sentences.push_back(fmt::format("{} was slowed down by --delay: after {} of its acquisitions.",
                                            lock.name, lock.counts.delayed));
        }
    }
    const auto has = [&](lock_format::LockKind kind) {
        return std::any_of(report.locks.begin(), report.locks.end(),
                           [&](const Lock& lock) { return lock.counts.kind == kind; });
    };
    if (has(lock_format::LockKind::kFutex)) {
        sentences.emplace_back(
            "Of futexes only waits and wakes are seen: who acquires and who holds is not known.");
    }
    if (report.is_full || report.lost != 0) {
        sentences.emplace_back(
            "Not everything found room in the file; allow more with ASHLAR_LOCKS=limit:256m.");
    }
    return sentences;
}

std::string locks_text(const LockReports& reports, const Frames& frames, std::size_t top,
                       const TextSettings& settings) {
    std::string text = Text(reports.front(), frames, top, settings).render();
    for (std::size_t place = 1; place < std::min(reports.size(), top + 1); ++place) {
        const LockReport& report = reports[place];
        text += fmt::format("Another process, {} ({}): {} locks, waited for {} in all\n",
                            std::filesystem::path(report.program).filename().string(), report.pid,
                            report.locks.size(), time_text(report.total_wait()));
    }
    return text;
}

} // namespace ashlar::report::profile
