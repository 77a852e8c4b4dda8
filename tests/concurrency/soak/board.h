// SPDX-License-Identifier: MIT
//
// Data shared by the watcher and the processes it watches: a place for every thread, in memory that fork
// shares. A thread writes only to its own place, so counting does not disturb other threads.
//
// The starter of a thread or process claims a place for it, and gives the place back after its end. In
// between the operations of that place must keep growing. A thread may also note that it waits for another
// thread with a place.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <unistd.h>

namespace soak {

enum class Activity : std::uint8_t {
    kStart, // from the claim to the thread's first operation
    kAllocate,
    kResize,
    kCheck,
    kRelease,
    kRefuse, // requests that must fail
    kPassOn,
    kTrim,
    kSetting,
    kMeet,
    kGuest, // another thread does the work for a while
    kFork,
    kTakeFree, // blocks of one class
    kExhaust,  // reaches a limit and survives
    kOversee,  // rounds of the main thread
    kEnd,      // end of a life; the thread or process may be ending
};
inline constexpr std::array kActivityNames = {
    "starts",   "allocations", "resizes", "checks", "releases", "refusals",   "passed on", "trims",
    "settings", "meetings",    "guests",  "forks",  "classes",  "limits met", "rounds",    "ended lives"};

class alignas(64) Place {
  public:
    // Returns false if another thread has the place.
    bool claim() {
        bool taken = false;
        if (!taken_.compare_exchange_strong(taken, true)) return false;
        begin(Activity::kStart);
        done();
        return true;
    }
    void give_back() {
        thread_ = process_ = 0;
        waits_ = false;
        taken_ = false;
    }
    inline void occupy(); // called by the new owner of the place

    void begin(Activity activity) { activity_.store(activity, std::memory_order_relaxed); }
    void done() { add(done_[static_cast<std::size_t>(activity())]); }
    void note_interruption() { add(interruptions_); }
    void wait_for_another(bool waits) { waits_ = waits; }

    bool taken() const { return taken_; }
    bool waits() const { return waits_; }
    pid_t process() const { return process_; } // 0 until it is occupied
    pid_t thread() const { return thread_; }
    Activity activity() const { return activity_.load(std::memory_order_relaxed); }
    std::uint64_t done(std::size_t activity) const { return done_[activity].load(std::memory_order_relaxed); }
    std::uint64_t interruptions() const { return interruptions_.load(std::memory_order_relaxed); }
    std::uint64_t operations() const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < done_.size(); i++)
            sum += done(i);
        return sum;
    }

  private:
    using Counter = std::atomic<std::uint64_t>;
    // Has one writer. A signal handler may interrupt it, but writes another counter.
    static void add(Counter& counter) {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    std::atomic<bool> taken_;
    std::atomic<bool> waits_;
    std::atomic<pid_t> process_;
    std::atomic<pid_t> thread_;
    std::atomic<Activity> activity_;
    std::array<Counter, kActivityNames.size()> done_; // since the program's start, by all owners
    Counter interruptions_;
};

struct Board {
    std::atomic<bool> stopping; // every life ends at its next step
    std::atomic<unsigned> children;
    std::array<Place, 256> places;

    // Returns null if no place is left.
    Place* claim() {
        for (Place& place : places) {
            if (place.claim()) return &place;
        }
        return nullptr;
    }
};

// Mapped before any process or thread is started.
inline Board* board = nullptr;

// The place of the calling thread.
inline thread_local Place* my_place = nullptr;

inline void Place::occupy() {
    process_ = getpid();
    thread_ = gettid();
    my_place = this;
}

// Marks the calling thread as waiting for a thread or process with a place of its own, while the object
// lives.
class WaitingForAnother {
  public:
    WaitingForAnother() { my_place->wait_for_another(true); }
    ~WaitingForAnother() { my_place->wait_for_another(false); }
    WaitingForAnother(const WaitingForAnother&) = delete;
    WaitingForAnother& operator=(const WaitingForAnother&) = delete;
};

} // namespace soak
