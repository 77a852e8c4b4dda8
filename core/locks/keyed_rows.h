// SPDX-License-Identifier: MIT
//
// Hash table of rows in the file, with keys other than 0. The table only grows. It has three levels, so that
// a process with few rows uses little of the file. Takes no lock.
#pragma once

#include "observe/record_file.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ashlar::locks {

template <typename Row>
class KeyedRows {
  public:
    constexpr explicit KeyedRows(profile_format::Kind kind) : kind_(kind) {}

    // Returns the row of `key`, new if need be, or null if there is no room.
    Row* find(observe::RecordFile& file, std::uint64_t key) {
        std::uint64_t hash = key * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
        for (std::size_t level = 0; level < kSizes.size(); ++level) {
            Row* const rows = rows_of(file, level);
            if (rows == nullptr) return nullptr;
            for (std::size_t i = 0; i < kTries; ++i) {
                Row& row = rows[(hash + i) % kSizes[level]];
                std::uint64_t present = __atomic_load_n(&row.key, __ATOMIC_RELAXED);
                if (present == 0 && __atomic_compare_exchange_n(&row.key, &present, key, false,
                                                                __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
                    return &row;
                }
                if (present == key) return &row;
            }
        }
        return nullptr;
    }

    template <typename Visit>
    void for_each(Visit visit) {
        for (std::size_t level = 0; level < kSizes.size(); ++level) {
            Row* const rows = levels_[level].load(std::memory_order_acquire);
            for (std::size_t i = 0; rows != nullptr && i < kSizes[level]; ++i)
                visit(rows[i]);
        }
    }

  private:
    static constexpr std::size_t kTries = 16;
    static constexpr std::array<std::uint32_t, 3> kSizes{256, 4096, 24576};

    Row* rows_of(observe::RecordFile& file, std::size_t level) {
        Row* rows = levels_[level].load(std::memory_order_acquire);
        if (rows != nullptr) return rows;
        // Two threads may both append a region. One region is unused then.
        auto* const made = static_cast<Row*>(file.append_region(kind_, sizeof(Row), kSizes[level], 0));
        if (made == nullptr) return nullptr;
        return levels_[level].compare_exchange_strong(rows, made, std::memory_order_acq_rel) ? made : rows;
    }

    profile_format::Kind kind_;
    std::array<std::atomic<Row*>, 3> levels_{};
};

} // namespace ashlar::locks
