// SPDX-License-Identifier: MIT
// A table under a read/write lock. Readers copy one of its blocks, and writers replace one. The scenario
// shows allocation by many readers at a time, and how long writers wait for them.
#include "locks/run.h"
#include "locks/scenario.h"
#include "locks/section.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <pthread.h>

namespace bench::locks {

namespace {

constexpr std::uint32_t kBlocks = 64;

class Table {
  public:
    Table(Run& run, std::size_t index)
        : run_(run), id_(run.declare("table-" + std::to_string(index), "rwlock", &lock_)) {
        Random random(run.parameters.seed + index);
        for (Entry& entry : entries_) {
            Draw draw = random.draw();
            fill(entry, kSizes.pick(draw), 0);
        }
    }
    ~Table() {
        for (const Entry& entry : entries_) {
            bench::release(entry.words);
        }
        pthread_rwlock_destroy(&lock_);
    }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    void read(Worker& worker) {
        worker.tally.acquire(id_, [this] { pthread_rwlock_rdlock(&lock_); });
        readers_.fetch_add(1, std::memory_order_relaxed);
        run_.expect(writers_.load(std::memory_order_relaxed) == 0, "a reader is inside with a writer");
        copy(entries_[worker.below(kBlocks)]);
        worker.hold();
        readers_.fetch_sub(1, std::memory_order_relaxed);
        worker.tally.releases(id_);
        pthread_rwlock_unlock(&lock_);
    }

    void write(Worker& worker) {
        worker.tally.acquire(id_, [this] { pthread_rwlock_wrlock(&lock_); });
        run_.expect(writers_.fetch_add(1, std::memory_order_relaxed) == 0, "two writers are inside");
        run_.expect(readers_.load(std::memory_order_relaxed) == 0, "a writer is inside with a reader");
        ++writes_;
        Entry& entry = entries_[worker.below(kBlocks)];
        bench::release(entry.words);
        fill(entry, size_of_block(run_.parameters, worker), writes_);
        worker.hold();
        writers_.fetch_sub(1, std::memory_order_relaxed);
        worker.tally.releases(id_);
        pthread_rwlock_unlock(&lock_);
    }

    std::uint64_t writes() const { return writes_; }

  private:
    // A block filled with one number. A copy with two numbers was made during a write.
    struct Entry {
        std::uint64_t* words = nullptr;
        std::size_t count = 0;
    };

    static Entry make(std::size_t size) {
        Entry entry{.words = nullptr, .count = size / sizeof(std::uint64_t)};
        entry.words = static_cast<std::uint64_t*>(bench::allocate(entry.count * sizeof(std::uint64_t)));
        if (entry.words == nullptr) {
            fail_out_of_memory(size);
        }
        return entry;
    }

    static void fill(Entry& entry, std::size_t size, std::uint64_t number) {
        entry = make(size);
        std::fill_n(entry.words, entry.count, number);
    }

    void copy(const Entry& from) {
        const Entry to = make(from.count * sizeof(std::uint64_t));
        std::memcpy(to.words, from.words, from.count * sizeof(std::uint64_t));
        run_.expect(to.words[0] == to.words[to.count - 1], "a reader saw half a write");
        bench::release(to.words);
    }

    Run& run_;
    alignas(kCacheLinePair) pthread_rwlock_t lock_ = PTHREAD_RWLOCK_INITIALIZER;
    LockId id_;
    std::array<Entry, kBlocks> entries_{};
    std::uint64_t writes_ = 0;
    std::atomic<std::uint32_t> readers_{0};
    std::atomic<std::uint32_t> writers_{0};
};

const char* obstacle(const Parameters& parameters) {
    return parameters.writers > parameters.threads
               ? "writers: they are some of the threads, so at most --threads"
               : nullptr;
}

void run(Run& run) {
    std::vector<std::unique_ptr<Table>> tables;
    for (std::size_t index = 0; index < run.parameters.locks; ++index) {
        tables.push_back(std::make_unique<Table>(run, index));
    }
    run.prepare_workers(run.parameters.threads);
    run.work([&](Worker& worker) {
        for (std::uint64_t operation = 0; operation < run.parameters.operations; ++operation) {
            Table& table = *tables[worker.below(static_cast<std::uint32_t>(tables.size()))];
            if (worker.index < run.parameters.writers) {
                table.write(worker);
            } else {
                table.read(worker);
            }
            worker.think();
        }
    });
    run.finished(run.parameters.threads * run.parameters.operations);
    std::uint64_t writes = 0;
    for (const auto& table : tables) {
        writes += table->writes();
    }
    run.expect(writes == run.parameters.writers * run.parameters.operations, "writes were lost");
}

const Registration kRegistration({.type = "reader_writer",
                                  .about = "readers copy and writers replace under a read/write lock",
                                  .own_parameters = {"writers"},
                                  .obstacle = obstacle,
                                  .run = run});

} // namespace

} // namespace bench::locks
