// SPDX-License-Identifier: MIT
#include "locks/recording.h"

#include "locks/settings.h"
#include "observe/unwind.h"
#include "os/message.h"
#include "os/process.h"
#include "os/system_call.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/syscall.h>

// The text of this library. The linker defines both names.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start[];
extern "C" [[gnu::visibility("hidden")]] const char etext[];
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace ashlar::locks {

constinit std::atomic<Mode> mode{Mode::kEarly};
constinit Recording recording{};

namespace {

using profile_format::Kind;

bool in_own_text(std::uintptr_t address) {
    return address - reinterpret_cast<std::uintptr_t>(__ehdr_start) <
           static_cast<std::uintptr_t>(etext - __ehdr_start);
}

void add_to(std::uint64_t& sum, std::uint64_t value) {
    __atomic_fetch_add(&sum, value, __ATOMIC_RELAXED);
}

void raise_to(std::uint64_t& largest, std::uint64_t value) {
    std::uint64_t present = __atomic_load_n(&largest, __ATOMIC_RELAXED);
    while (present < value && !__atomic_compare_exchange_n(&largest, &present, value, false, __ATOMIC_RELAXED,
                                                           __ATOMIC_RELAXED)) {
    }
}

// Adds the counts of one lock to a row of several.
void add_counts(LockRow& to, const LockRow& from) {
    for (auto count : {&LockRow::acquisitions, &LockRow::releases, &LockRow::shared, &LockRow::contended,
                       &LockRow::timed_out, &LockRow::failed_tries, &LockRow::long_waits,
                       &LockRow::wait_total, &LockRow::holds_sampled, &LockRow::holds, &LockRow::hold_total,
                       &LockRow::hold_sampled_total, &LockRow::delayed}) {
        add_to(to.*count, from.*count);
    }
    raise_to(to.wait_max, from.wait_max);
    raise_to(to.hold_max, from.hold_max);
    ++to.merged;
}

void clear_counts(LockRow& row) {
    for (auto count :
         {&LockRow::acquisitions, &LockRow::releases, &LockRow::shared, &LockRow::contended,
          &LockRow::timed_out, &LockRow::failed_tries, &LockRow::long_waits, &LockRow::wait_total,
          &LockRow::wait_max, &LockRow::holds_sampled, &LockRow::holds, &LockRow::hold_total,
          &LockRow::hold_max, &LockRow::hold_sampled_total, &LockRow::delayed}) {
        row.*count = 0;
    }
    row.merged = 0;
    row.waiting = 0;
    row.blocked_since = 0;
}

} // namespace

Recording::Spin::Spin(std::atomic<bool>& taken) : taken_(taken) {
    while (taken_.exchange(true, std::memory_order_acquire))
        os::system_call(SYS_sched_yield);
}

bool Recording::open() {
    file_.keep_mapped(".locks");
    int error = stacks_.prepare() ? 0 : ENOMEM;
    if (error == 0) error = file_.open(settings.file.data(), settings.limit, 0, 0);
    if (error != 0) {
        os::Message message;
        message.text("locks are not recorded: cannot make a file in ").quoted(settings.file.data());
        message.text(": error ").number(static_cast<std::uint64_t>(error));
        message.text("; set ASHLAR_LOCKS=file:FOLDER to one that can be written");
        os::warn(message);
        return false;
    }
    maps_.record(file_);
    return true;
}

void Recording::close() {
    if (!file_.is_open() || file_.is_inherited()) return;
    for (std::uint32_t number = 1; number <= threads_.load(std::memory_order_relaxed); ++number) {
        ThreadRow* const row = thread(number);
        if (row == nullptr || row->ended != 0) continue;
        // Builds the path from its end to its front.
        char path[64] = {};
        constexpr std::string_view kBefore = "/proc/self/task/";
        constexpr std::string_view kAfter = "/comm";
        char* at = std::end(path) - 1 - kAfter.size();
        std::memcpy(at, kAfter.data(), kAfter.size());
        for (std::uint32_t rest = row->tid; rest != 0; rest /= 10)
            *--at = static_cast<char>('0' + rest % 10);
        at -= kBefore.size();
        std::memcpy(at, kBefore.data(), kBefore.size());
        const long file = os::system_call(SYS_openat, AT_FDCWD, at, O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        std::array<char, 16> name{};
        const long got = os::system_call(SYS_read, file, name.data(), name.size());
        os::system_call(SYS_close, file);
        if (got <= 1) continue;
        name[static_cast<std::size_t>(got) - 1] = '\0'; // replaces the line feed
        row->name = name;
    }
    maps_.record(file_);
    const profile_format::Mark mark{nanoseconds(), profile_format::Reason::kExit, 0, 0, 0};
    file_.append(Kind::kMark, {&mark, sizeof(mark)});
    file_.close(profile_format::State::kStopped);
}

bool Recording::continue_in_child() {
    adding_.store(false, std::memory_order_relaxed);
    if (file_.continue_in_child(settings.file.data()) != 0) return false;
    for (std::uint32_t i = 0; i < locks_; ++i)
        clear_counts(*row_of(i + 1));
    tallies_.for_each([](TallyRow& row) { row.count = row.total = row.max = 0; });
    orders_.for_each([](OrderRow& row) { row.count = 0; });
    for (std::uint32_t number = 1; number <= threads_.load(std::memory_order_relaxed); ++number) {
        if (ThreadRow* const row = thread(number)) {
            row->ended = 1;
            row->waits_for = 0;
        }
    }
    return true;
}

// Returns the index key of the destroyed locks of one kind and place. It is odd, unlike a lock's address.
static const void* place_of(LockKind kind, std::uintptr_t site) {
    return reinterpret_cast<const void*>(site << 3 | 1 | static_cast<std::uint64_t>(kind) << 58);
}

LockRow* Recording::row_of(std::uint32_t number) {
    return &regions_[(number - 1) / kRowsAtOnce][(number - 1) % kRowsAtOnce];
}

// Returns the row of a destroyed lock of the place, or the next row, or null if there is no room.
LockRow* Recording::new_row(LockRow* merged) {
    if (merged != nullptr && merged->spare != 0) {
        LockRow* const spare = row_of(merged->spare);
        merged->spare = spare->spare;
        spare->spare = 0;
        spare->flags = 0;
        return spare;
    }
    if (locks_ == LockIndex::kMostLocks) return nullptr;
    LockRow*& region = regions_[locks_ / kRowsAtOnce];
    if (region == nullptr) {
        region = static_cast<LockRow*>(
            file_.append_region(Kind::kLocks, sizeof(LockRow), kRowsAtOnce, locks_ + 1));
    }
    if (region == nullptr) return nullptr;
    LockRow* const row = &region[locks_ % kRowsAtOnce];
    row->number = ++locks_;
    return row;
}

[[gnu::noinline, gnu::cold]] LockRow* Recording::find_or_add(const void* lock, LockKind kind,
                                                             std::uintptr_t site, std::uint32_t thread) {
    if (LockRow* const known = index_.find(lock)) return known;
    const std::uint32_t first_stack = stack();
    const Spin adding(adding_);
    if (LockRow* const known = index_.find(lock)) return known;
    LockRow* const row = new_row(index_.find(place_of(kind, site)));
    if (row == nullptr) {
        file_.count_lost();
        return nullptr;
    }
    row->address = reinterpret_cast<std::uintptr_t>(lock);
    row->first_site = site;
    row->first_stack = first_stack;
    row->first_thread = thread;
    row->kind = kind;
    if (index_.add(lock, row)) return row;
    file_.count_lost();
    return nullptr;
}

// The first locks destroyed at a place keep their rows. A program that destroys a few locks at its end thus
// has each of them in its profile. The counts of all later ones are added to the first row.
[[gnu::noinline, gnu::cold]] void Recording::merge(const void* lock) {
    constexpr std::uint32_t kMostKept = 32;
    if (index_.find(lock) == nullptr) return;
    const Spin adding(adding_);
    LockRow* const row = index_.find(lock);
    if (row == nullptr) return;
    index_.remove(lock);
    row->holder = 0;
    const void* const place = place_of(row->kind, row->first_site);
    LockRow* const first = index_.find(place);
    if (first == nullptr || first->flags >> lock_format::kKeptShift < kMostKept) {
        row->flags |= lock_format::kDestroyed;
        row->merged = 1;
        if (first == nullptr) {
            index_.add(place, row); // without room the next destroyed lock becomes the first
        } else {
            first->flags += 1U << lock_format::kKeptShift;
        }
        return;
    }
    first->flags |= lock_format::kMerged;
    add_counts(*first, *row);
    clear_counts(*row);
    row->spare = first->spare;
    first->spare = static_cast<std::uint32_t>(row->number);
}

ThreadRow* Recording::thread(std::uint32_t number) {
    if (number == 0 || number > kMostThreads) return nullptr;
    ThreadRow* const rows = thread_regions_[(number - 1) / kThreadsAtOnce].load(std::memory_order_acquire);
    return rows == nullptr ? nullptr : &rows[(number - 1) % kThreadsAtOnce];
}

Recording::NewThread Recording::new_thread() {
    const std::uint32_t index = threads_.fetch_add(1, std::memory_order_relaxed);
    if (index >= kMostThreads) {
        threads_.fetch_sub(1, std::memory_order_relaxed);
        return {nullptr, 0};
    }
    std::atomic<ThreadRow*>& region = thread_regions_[index / kThreadsAtOnce];
    if (region.load(std::memory_order_acquire) == nullptr) {
        const Spin adding(adding_);
        if (region.load(std::memory_order_acquire) == nullptr) {
            region.store(static_cast<ThreadRow*>(
                             file_.append_region(Kind::kLockThreads, sizeof(ThreadRow), kThreadsAtOnce,
                                                 index / kThreadsAtOnce * kThreadsAtOnce + 1)),
                         std::memory_order_release);
        }
    }
    return {thread(index + 1), index + 1};
}

void Recording::tally(const LockRow& lock, Of of, std::uint32_t number, std::uint64_t count,
                      std::uint64_t total, std::uint64_t largest) {
    TallyRow* const row = tallies_.find(file_, lock_format::tally_key(lock.number, of, number));
    if (row == nullptr) {
        file_.count_lost();
        return;
    }
    add_to(row->count, count);
    add_to(row->total, total);
    raise_to(row->max, largest);
}

void Recording::note_order(const LockRow& first, const LockRow& second, std::uintptr_t site,
                           std::uint32_t thread) {
    OrderRow* const row = orders_.find(file_, first.number | second.number << 32);
    if (row == nullptr) {
        file_.count_lost();
        return;
    }
    if (__atomic_fetch_add(&row->count, 1, __ATOMIC_RELAXED) == 0) {
        row->site = site;
        row->thread = thread;
        row->stack = stack();
    } else if (row->thread != thread && row->others == 0) {
        row->others = 1;
    }
}

void Recording::look_at_maps(const std::uintptr_t* frames, unsigned count) {
    constexpr std::uint64_t kPause = 10'000'000; // ns between two reads
    if (std::all_of(frames, frames + count, [&](std::uintptr_t frame) { return maps_.knows(frame - 1); }))
        return;
    const std::uint64_t now = nanoseconds();
    std::uint64_t before = maps_read_.load(std::memory_order_relaxed);
    if (now - before >= kPause &&
        maps_read_.compare_exchange_strong(before, now, std::memory_order_relaxed)) {
        maps_.record(file_);
    }
}

std::uint32_t Recording::number_of(const std::uintptr_t* frames, unsigned count) {
    const auto [number, is_new] = stacks_.find(frames, count);
    if (number == 0 || !is_new) return number;
    look_at_maps(frames, count);
    const profile_format::Stack stack{number, count};
    if (!file_.append(Kind::kStack, {&stack, sizeof(stack)}, {frames, count * sizeof(*frames)})) return 0;
    stacks_.confirm(number);
    return number;
}

[[gnu::noinline]] std::uint32_t Recording::stack() {
    constexpr unsigned kMostFrames = 64;
    std::uintptr_t frames[kMostFrames];
    unsigned count = observe::unwind(frames, kMostFrames, 0);
    const std::uintptr_t* first = frames;
    for (; count != 0 && in_own_text(*first); --count)
        ++first;
    return number_of(first, count);
}

std::uint32_t Recording::stack_of(std::uintptr_t site) {
    return number_of(&site, 1);
}

} // namespace ashlar::locks
