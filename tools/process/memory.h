// SPDX-License-Identifier: MIT
// The memory of a running process, read with process_vm_readv. The process may change it meanwhile.
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

    // Reads all `size` bytes, or returns false. errno is EPERM, ESRCH, or EFAULT if a part is not mapped.
    bool read_bytes(Address address, void* to, std::size_t size) const;
    // Reads up to the first page that is not mapped. Returns the number of bytes, or -1 if there are none.
    ssize_t read_some(Address address, void* to, std::size_t size) const;

    template <typename Item>
    std::optional<Item> read(Address address) const {
        static_assert(std::is_trivially_copyable_v<Item>);
        Item item{};
        return read_bytes(address, &item, sizeof item) ? std::optional(item) : std::nullopt;
    }
    // Returns nothing if a part cannot be read, or if the items exceed kMostBytes.
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

    // Reads many pieces in as few calls as the kernel allows. Sets `is_read` of those that it read. Returns
    // false, and the reason in errno, if the process is gone or must not be read.
    struct Piece {
        Address address = 0;
        void* to = nullptr;
        std::size_t size = 0;
        bool is_read = false;
    };
    bool read_pieces(std::vector<Piece>& pieces) const;

  private:
    // Most bytes that a length in another process's memory may make us allocate.
    static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

    pid_t process_;
};

} // namespace ashlar::process
