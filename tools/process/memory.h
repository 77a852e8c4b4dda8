// SPDX-License-Identifier: MIT
// The memory of a process, read while it runs on (process_vm_readv). What is read may change meanwhile.
#pragma once

#include "process/smaps.h"

#include <cstddef>
#include <optional>
#include <sys/types.h>
#include <type_traits>
#include <vector>

namespace ashlar::process {

class Memory {
  public:
    explicit Memory(pid_t process) : process_(process) {}

    // All of it, or false and the reason in errno: EPERM, ESRCH, EFAULT if not all is mapped.
    bool read_bytes(Address address, void* to, std::size_t size) const;
    // As much as can be read from the start on; pages that are not mapped end it. -1 if nothing can.
    ssize_t read_some(Address address, void* to, std::size_t size) const;

    template <typename Item>
    std::optional<Item> read(Address address) const {
        static_assert(std::is_trivially_copyable_v<Item>);
        Item item{};
        return read_bytes(address, &item, sizeof item) ? std::optional(item) : std::nullopt;
    }
    // Empty if not all of it can be read, or if it is more than anybody should want.
    template <typename Item>
    std::vector<Item> read(Address address, std::size_t count) const {
        static_assert(std::is_trivially_copyable_v<Item>);
        if (count > kMostBytes / sizeof(Item)) {
            return {};
        }
        std::vector<Item> items(count);
        if (!read_bytes(address, items.data(), count * sizeof(Item))) {
            items.clear();
        }
        return items;
    }

    // Many at once, in as few calls as the kernel allows. Pieces that cannot be read stay as they are and say
    // so. False, and the reason in errno, if the process is gone or must not be read.
    struct Piece {
        Address address = 0;
        void* to = nullptr;
        std::size_t size = 0;
        bool is_read = false;
    };
    bool read_pieces(std::vector<Piece>& pieces) const;

  private:
    // What another process's memory may make us allocate.
    static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

    pid_t process_;
};

} // namespace ashlar::process
