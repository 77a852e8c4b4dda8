// SPDX-License-Identifier: MIT
#include "report/page/lock_sections.h"

#include "report/chart/markup.h"
#include "report/chart/svg.h"
#include "report/page/memory_over_time.h"
#include "report/page/profile_parts.h"
#include "report/page/tables.h"
#include "report/profile/locks_text.h"
#include "report/profile/quantities.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <tuple>

namespace ashlar::report::page {

namespace {

using namespace ashlar::profile;
using chart::escaped;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRows = 30;
constexpr std::size_t kColours = 8; // locks with colours of their own
constexpr std::size_t kMostWaits = 4000;

std::string time_text(double nanoseconds) {
    return nanoseconds == 0 ? "0" : report::profile::seconds_text(nanoseconds * 1e-9);
}
std::string time_text(std::uint64_t nanoseconds) {
    return time_text(static_cast<double>(nanoseconds));
}

std::string thread_words(const LockReport& report, std::uint64_t index) {
    if (index == kNoThread) {
        return "unknown";
    }
    const ThreadName& thread = report.threads[index];
    return fmt::format("{} ({})", thread.name, thread.tid);
}

// Returns the longest waits, in the order of their beginnings.
std::vector<LongLockWait> shown_waits(const LockReport& report) {
    std::vector<LongLockWait> waits = report.long_waits;
    std::stable_sort(waits.begin(), waits.end(), [](const LongLockWait& one, const LongLockWait& other) {
        return one.seconds > other.seconds;
    });
    waits.resize(std::min(waits.size(), kMostWaits));
    std::stable_sort(waits.begin(), waits.end(), [](const LongLockWait& one, const LongLockWait& other) {
        return one.begin < other.begin;
    });
    return waits;
}

std::string warning(const std::string& words) {
    return "<p class=\"warning\" role=\"note\">" + escaped(words) + "</p>\n";
}

std::string deadlocks(const LockReport& report) {
    std::string html;
    if (!report.deadlock.empty()) {
        html += warning(fmt::format("Deadlock: {} → {} wait for one another.",
                                    fmt::join(report.deadlock, " → "), report.deadlock.front()));
    }
    for (const std::vector<std::size_t>& cycle : report.cycles) {
        std::string names;
        for (const std::size_t edge : cycle) {
            names += report.locks[report.orders[edge].first].name + " → ";
        }
        html += warning("Possible deadlock, locks are acquired in a circle: " + names +
                        report.locks[report.orders[cycle.front()].first].name);
    }
    if (!report.exited) {
        std::vector<std::string> sentences;
        for (const LockWaiter& waiter : report.waiting) {
            sentences.push_back(fmt::format(
                "{} waits for {}, in {}{}", waiter.thread, report.locks[waiter.lock].name, waiter.place,
                waiter.holder.empty()
                    ? ""
                    : fmt::format("; held by {}, who acquired it in {}", waiter.holder, waiter.acquired)));
        }
        if (!sentences.empty()) {
            html += "<h3>Who waited when the recording ended</h3>\n" + list(sentences);
        }
    }
    return html;
}

PageSection table_of_locks(const ProfileContent& content, const LockReport& report) {
    std::string html = deadlocks(report);
    html += list(report::profile::lock_advice(report));
    html +=
        table_head("Locks, by the time that threads waited for them",
                   {"lock", "kind", "acquired", "contended", "waited", "mean wait", "longest", "mean hold"});
    std::size_t left = kMostRows;
    for (const Lock& lock : report.locks) {
        const lock_format::LockRow& row = lock.counts;
        if (left-- == 0) {
            break;
        }
        const std::uint64_t waits = row.contended + row.timed_out;
        html += table_row(
            lock.name,
            {lock.kind, fmt::format("{}", row.acquisitions), fmt::format("{}", row.contended),
             time_text(row.wait_total),
             time_text(waits == 0 ? 0 : static_cast<double>(row.wait_total) / static_cast<double>(waits)),
             time_text(row.wait_max), row.holds == 0 ? "" : "~" + time_text(lock.hold_mean())});
    }
    html += kTableEnd;
    if (report.locks.size() > kMostRows) {
        html += fmt::format("<p>The first {} of {}.</p>\n", kMostRows, report.locks.size());
    }
    html += list(report::profile::lock_cautions(report));
    if (content.locks->size() > 1) {
        html += "<p>Of " +
                escaped(fmt::format("{} processes this is {}, whose threads waited longest.",
                                    content.locks->size(), report.pid)) +
                "</p>\n";
    }
    return {"locks", "Locks", html};
}

// Shows sums of long waits by waiting thread, holder and lock.
std::string table_of_threads(const LockReport& report) {
    struct Sum {
        std::uint64_t count = 0;
        double seconds = 0;
        double longest = 0;
    };
    std::map<std::tuple<std::uint64_t, std::uint64_t, std::size_t>, Sum> sums;
    for (const LongLockWait& wait : report.long_waits) {
        Sum& sum = sums[{wait.thread, wait.holder, wait.lock}];
        ++sum.count;
        sum.seconds += wait.seconds;
        sum.longest = std::max(sum.longest, wait.seconds);
    }
    std::vector<std::pair<std::tuple<std::uint64_t, std::uint64_t, std::size_t>, Sum>> all(sums.begin(),
                                                                                           sums.end());
    std::stable_sort(all.begin(), all.end(), [](const auto& one, const auto& other) {
        return one.second.seconds > other.second.seconds;
    });
    std::string html =
        table_head("Who waits for whom", {"waits", "for", "lock", "times", "in all", "longest"});
    for (std::size_t place = 0; place < std::min(all.size(), kMostRows); ++place) {
        const auto& [key, sum] = all[place];
        const auto& [thread, holder, lock] = key;
        html +=
            table_row(thread_words(report, thread),
                      {thread_words(report, holder), report.locks[lock].name, fmt::format("{}", sum.count),
                       time_text(sum.seconds * 1e9), time_text(sum.longest * 1e9)});
    }
    return html + kTableEnd;
}

std::string legend(const LockReport& report, const std::vector<LongLockWait>& waits) {
    std::vector<bool> is_used(kColours + 1);
    for (const LongLockWait& wait : waits) {
        is_used[std::min(wait.lock, kColours)] = true;
    }
    std::string html = "<ul class=\"legend\" aria-label=\"Locks\">\n";
    for (std::size_t lock = 0; lock <= kColours; ++lock) {
        if (is_used[lock]) {
            html += fmt::format(
                R"(<li><svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><rect x="1" y="3" width="14" height="10" class="mark c{}"></rect></svg> {}</li>)"
                "\n",
                lock == kColours ? 0 : lock + 1,
                lock == kColours ? "other locks" : escaped(report.locks[lock].name));
        }
    }
    return html + "</ul>\n";
}

PageSection timeline(const LockReport& report, const std::vector<LongLockWait>& waits) {
    std::string html =
        "<p>Each bar is a wait that was longer than the threshold, in the row of the thread that waited. The "
        "line below a row is what others waited for while that thread had the lock. Choose a bar: an arrow "
        "leads to the holder.</p>\n<div class=\"controls\">\n";
    for (const auto& [id, words] : {std::pair{"lock-in", "Zoom in"},
                                    {"lock-out", "Zoom out"},
                                    {"lock-earlier", "Earlier"},
                                    {"lock-later", "Later"},
                                    {"lock-all", "All"}}) {
        html += fmt::format("<button type=\"button\" id=\"{}\">{}</button>\n", id, words);
    }
    html +=
        "</div>\n" + legend(report, waits) +
        "<div id=\"lock-timeline\"></div>\n<p class=\"details\" id=\"lock-chosen\" "
        "aria-live=\"polite\"></p>\n"
        "<p class=\"details\" id=\"lock-count\"></p>\n"
        "<noscript><p class=\"warning\">The timeline and the flame graphs need JavaScript.</p></noscript>\n";
    html += table_head("The longest waits", {"thread", "lock", "waited", "from", "holder"}, "lock-longest");
    html += kTableEnd + table_of_threads(report);
    return {"lock-time", "Waits over time", html};
}

PageSection flames() {
    std::string html = R"(<div class="controls">
<label>View<select id="lock-view"><option>waits</option><option>holds</option><option>kept others waiting</option></select></label>
<label>Direction<select id="lock-direction"><option value="top-down">top-down</option><option value="bottom-up">bottom-up</option></select></label>
<label>Search<input id="lock-flame-search" type="search" placeholder="regular expression"></label>
<button type="button" id="lock-flame-reset">Reset</button>
</div>
<p id="lock-view-words"></p>
<p class="details" id="lock-flame-found" aria-live="polite"></p>
<div id="lock-flames"></div>
)";
    if (*kFlameGraph == '\0') {
        html += warning("The flame graph is missing: when this tool was built, npm was not there or had no "
                        "network. Build it where npm is, or write --locks-speedscope FILE and open that at "
                        "www.speedscope.app.");
    }
    html +=
        "<p class=\"details\" id=\"lock-flame-details\"></p>\n<p class=\"details\" id=\"lock-frame\"></p>\n";
    return {"lock-flame-graph", "Waits and holds by stack", html};
}

struct View {
    const char* name;
    std::vector<LockStack> Lock::*stacks;
    const char* sentence;
};
constexpr View kLockViews[]{
    {"waits", &Lock::waiters,
     "How long threads waited, by the stack of the waiter. The innermost is the lock."},
    {"holds", &Lock::holds,
     "How long locks were held, whether or not somebody waited, by the stack that released the lock: an "
     "estimate from a random sample."},
    {"kept others waiting", &Lock::holders,
     "For how long at least one thread waited, by the stack that released the lock."}};

} // namespace

std::vector<PageSection> lock_sections(const ProfileContent& content) {
    if (content.locks == nullptr || content.locks->empty()) {
        return {};
    }
    const LockReport& report = content.locks->front();
    return {table_of_locks(content, report), timeline(report, shown_waits(report)), flames()};
}

Json lock_data(const ProfileContent& content, profile::UsedFrames& frames) {
    const LockReport& report = content.locks->front();
    Json json{{"seconds", report.seconds}, {"threads", Json::array()}, {"names", Json::array()}};
    for (std::size_t index = 0; index < report.threads.size(); ++index) {
        json["threads"].push_back(thread_words(report, index));
    }
    for (const Lock& lock : report.locks) {
        json["names"].push_back(lock.name);
    }
    const std::vector<LongLockWait> waits = shown_waits(report);
    json["left"] = report.long_waits.size() - waits.size();
    json["waits"] = Json::array();
    for (const LongLockWait& wait : waits) {
        Json each{{"lock", wait.lock},
                  {"thread", wait.thread},
                  {"holder", wait.holder == kNoThread ? Json(-1) : Json(wait.holder)},
                  {"begin", wait.begin},
                  {"seconds", wait.seconds},
                  {"acquired", wait.acquired}};
        if (const auto site = site_of(wait.frames, content.frames)) {
            each["frame"] = frames.index_of(*site);
        }
        json["waits"].push_back(std::move(each));
    }
    for (const View& view : kLockViews) {
        Json stacks = Json::array();
        for (const Lock& lock : report.locks) {
            const std::size_t leaf = frames.index_of(content.frames.add({.function = lock.name}));
            for (const LockStack& stack : lock.*view.stacks) {
                Json indexes = Json::array();
                for (auto frame = stack.frames.rbegin(); frame != stack.frames.rend(); ++frame) {
                    indexes.push_back(frames.index_of(*frame));
                }
                indexes.push_back(leaf);
                stacks.push_back({{"frames", std::move(indexes)}, {"time", stack.total}});
            }
        }
        json["views"][view.name] = Json{{"sentence", view.sentence}, {"stacks", std::move(stacks)}};
    }
    const auto same =
        std::find_if(content.summaries.begin(), content.summaries.end(), [&](const Summary& summary) {
            return summary.recording.pid == report.pid && summary.recording.origin == Origin::kAshlar &&
                   !summary.recording.samples.empty();
        });
    if (same != content.summaries.end()) {
        // Both times are on one clock. Points before the lock profiler's start are moved to its beginning.
        const double shift =
            (static_cast<double>(same->recording.start) - static_cast<double>(report.start)) * 1e-9;
        constexpr double kMiB = 1 << 20;
        json["memory"] = Json::array();
        for (const chart::LinePoint& point : memory_over_time(same->recording).lines.front().points) {
            json["memory"].push_back({std::max(point.x + shift, 0.0), std::round(point.y * kMiB)});
        }
        json["seconds"] = std::max(report.seconds, shift + same->recording.seconds(same->recording.end));
    }
    return json;
}

} // namespace ashlar::report::page
