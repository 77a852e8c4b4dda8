// SPDX-License-Identifier: MIT
//
// Interprets bytes as a sequence of calls of the static library, by three threads in turn, checked against
// the stress programs' model. At the end everything is released and given back, and the statistics must show
// it.
//
//   step       Byte 0: the call; bit 7: it is repeated. Byte 1: slot; bits 6-7: thread. If repeated: how
//   often.
//              Then the sizes, the count and the alignment that the call takes.
//   size       A border (classes, pages, superslabs, overflows). Then the signed distance from it.
//   alignment  Bits 0-4: the exponent. Bits 5-7: a power of two, near one, or a special one.
//
// A thread other than the main thread is started at its first step. One kind of step ends it, and its memory
// passes to the other threads.
#include "common/build_kind.h"
#include "common/model.h"
#include "layout/size_class.h"
#include "target.h"

#include <array>
#include <condition_variable>
#include <cstdio>
#include <iterator>
#include <span>
#include <thread>

namespace {

using namespace common;
namespace layout = ashlar::layout;

constexpr unsigned kThreads = 3; // including the main thread
constexpr std::size_t kSlots = 256;
constexpr std::size_t kMostHeld = std::size_t{64} << 20; // above it, satisfiable requests are reduced
constexpr std::size_t kSmall = 4096;
constexpr std::size_t kMostRepeated = 64;

// ---- The bytes --------------------------------------------------------------------------------------------

class Bytes {
  public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    bool empty() const { return bytes_.empty(); }
    // Returns 0 behind the end.
    unsigned next() {
        if (bytes_.empty()) return 0;
        const unsigned byte = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return byte;
    }

  private:
    std::span<const std::uint8_t> bytes_;
};

constexpr std::size_t kLeastImpossible = std::size_t{1} << 47;

// Returns whether a sanitizer's malloc, the fallback, would print a warning. Larger sizes never reach it.
constexpr bool only_warned_of(std::size_t size) {
    return kSanitized && size >= kLeastImpossible && size <= PTRDIFF_MAX;
}

// Sizes near borders: those of classes, large sizes, and sizes that are always refused.
constexpr std::size_t kLargeKi[] = {33,   64,   96,   128,  192,  256,  512,  960,
                                    1024, 1088, 1984, 2048, 3072, 4096, 16384};
constexpr std::size_t kImpossible[] = {kLeastImpossible + 128, PTRDIFF_MAX, SIZE_MAX - 4096, SIZE_MAX};

std::size_t next_border(Bytes& bytes) {
    const unsigned byte = bytes.next();
    if (byte < 128) return layout::class_size(static_cast<layout::SizeClass>(byte % layout::kClasses));
    if (byte < 224) return kLargeKi[byte % std::size(kLargeKi)] << 10;
    return kImpossible[byte % std::size(kImpossible)];
}

std::size_t next_size(Bytes& bytes) {
    const std::size_t border = next_border(bytes);
    const auto away = static_cast<std::int8_t>(bytes.next());
    const std::size_t size = border + static_cast<std::size_t>(std::ptrdiff_t{away});
    const bool wrapped = away < 0 ? size > border : size < border;
    if (wrapped) return border;
    return only_warned_of(size) ? SIZE_MAX / 2 + 1 : size;
}

std::size_t next_alignment(Bytes& bytes) {
    const unsigned byte = bytes.next();
    const std::size_t power = std::size_t{1} << (byte % 32 % 28);
    switch (byte >> 5) {
    case 5:
        return power + 1;
    case 6:
        return power - 1;
    case 7:
        return std::array{SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 2, SIZE_MAX, std::size_t{0}}[byte % 4];
    default:
        return power;
    }
}

struct Step {
    Operation operation;
    std::size_t repetitions = 1; // each on the next slot
    unsigned thread = 0;
    bool ends_thread = false; // ends the thread instead of a call
};

Step next_step(Bytes& bytes) {
    Step step;
    const unsigned kind = bytes.next();
    const unsigned place = bytes.next();
    const unsigned call = kind % 128 % (kCalls + 1);
    step.ends_thread = call == kCalls;
    if (!step.ends_thread) step.operation.call = static_cast<Call>(call);
    step.thread = place / 64 % kThreads;
    step.operation.slot = place % 64 * (kSlots / 64);
    if (kind >= 128) step.repetitions = 1 + bytes.next() % kMostRepeated;
    if (step.ends_thread) return step;
    switch (step.operation.call) {
    case Call::kCalloc:
    case Call::kReallocarray:
        step.operation.count = next_size(bytes);
        break;
    case Call::kAlignedAlloc:
    case Call::kMemalign:
    case Call::kPosixMemalign:
        step.operation.alignment = next_alignment(bytes);
        break;
    case Call::kControl:
        step.operation.size = bytes.next();
        return step;
    case Call::kFree:
    case Call::kFreeSized:
    case Call::kCheck:
    case Call::kStatistics:
        return step;
    default:
        break;
    }
    step.operation.size = next_size(bytes);
    return step;
}

// ---- The threads ------------------------------------------------------------------------------------------

// Does one thing at a time for the owner, which waits.
class Helper {
  public:
    ~Helper() { end(); }

    template <typename Work>
    void run(unsigned number, const Work& work) {
        if (!thread_.joinable()) thread_ = std::thread([this, number] { serve(number); });
        std::unique_lock lock(mutex_);
        work_ = [](const void* given) { (*static_cast<const Work*>(given))(); };
        given_ = &work;
        changed_.notify_all();
        changed_.wait(lock, [this] { return work_ == nullptr; });
    }

    void end() {
        if (!thread_.joinable()) return;
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        changed_.notify_all();
        thread_.join();
        ending_ = false;
    }

  private:
    void serve(unsigned number) {
        current_thread = number;
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return work_ != nullptr || ending_; });
            if (work_ == nullptr) return;
            work_(given_);
            work_ = nullptr;
            changed_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    void (*work_)(const void*) = nullptr; // called with given_
    const void* given_ = nullptr;
    bool ending_ = false;
    std::thread thread_;
};

class Players {
  public:
    explicit Players(Model& model) : model_(model) {}

    void perform(std::uint64_t number, const Step& step) {
        const auto work = [&] {
            current_step = number;
            for (std::size_t i = 0; i < step.repetitions; i++) {
                Operation operation = step.operation;
                operation.slot = (operation.slot + i) % kSlots;
                keep_small(operation);
                model_.perform(operation);
            }
        };
        Helper* const helper = step.thread != 0 ? &helpers_[step.thread - 1] : nullptr;
        if (step.ends_thread) {
            if (helper != nullptr) helper->end();
        } else if (helper != nullptr) {
            helper->run(step.thread, work);
        } else {
            work();
        }
    }

    void end() {
        for (Helper& helper : helpers_)
            helper.end();
    }

  private:
    // Reduces requests that could succeed, if too much is held.
    void keep_small(Operation& operation) const {
        std::size_t bytes = 0;
        if (__builtin_mul_overflow(operation.count, operation.size, &bytes)) return;
        if (only_warned_of(bytes)) operation.count = SIZE_MAX;
        const std::size_t all = bytes + operation.alignment; // may wrap if the request is impossible
        if (bytes >= kLeastImpossible || operation.alignment >= kLeastImpossible || all <= kSmall) return;
        if (all <= kMostHeld && held() + all <= kMostHeld) return;
        operation.count %= 16;
        operation.size %= kSmall / 16;
        operation.alignment %= kSmall;
    }

    // Returns the bytes held. An aligned block may take its alignment in addition.
    std::size_t held() const {
        std::size_t sum = 0;
        for (std::size_t slot = 0; slot < kSlots; slot++)
            sum += model_.block(slot).usable + model_.block(slot).alignment;
        return sum;
    }

    Model& model_;
    std::array<Helper, kThreads - 1> helpers_;
};

void print(const Step& step) {
    if (step.ends_thread) {
        std::printf("    thread %u ends\n", step.thread);
        return;
    }
    const Operation& o = step.operation;
    std::printf("    thread %u: %s, slot %zu and %zu more: size %zu, count %zu, alignment %zu\n", step.thread,
                name_of(o.call), o.slot, step.repetitions - 1, o.size, o.count, o.alignment);
    std::fflush(stdout);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes({data, size});
    Shadow shadow(true);
    Model model(shadow, kSlots, size, 4);
    Players players(model);
    for (std::uint64_t number = 0; !bytes.empty(); number++) {
        const Step step = next_step(bytes);
        if (fuzz::printing) print(step);
        players.perform(number, step);
    }
    model.release_all();
    model.check_statistics();
    players.end();
    Model::restore_settings();
    heap::trim(0);
    model.check_statistics();
    const ashlar_statistics now = heap::statistics();
    if (now.cached != 0 || now.slabs != 0 || now.dirty != 0 || now.threads > 1) {
        fail("when all is given back: cached %zu, slabs %zu, dirty %zu, threads %zu", now.cached, now.slabs,
             now.dirty, now.threads);
    }
    return 0;
}
