// SPDX-License-Identifier: MIT
#include "process/memory.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <sys/uio.h>

namespace ashlar::process {

ssize_t Memory::read_some(Address address, void* to, std::size_t size) const {
    if (address > std::numeric_limits<std::uintptr_t>::max() - size) {
        errno = EFAULT;
        return -1;
    }
    const iovec local{.iov_base = to, .iov_len = size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
    const iovec remote{.iov_base = reinterpret_cast<void*>(address), .iov_len = size};
    return process_vm_readv(process_, &local, 1, &remote, 1, 0);
}

bool Memory::read_bytes(Address address, void* to, std::size_t size) const {
    const ssize_t length = read_some(address, to, size);
    if (length >= 0 && static_cast<std::size_t>(length) < size) {
        errno = EFAULT;
        return false;
    }
    return length >= 0;
}

bool Memory::read_pieces(std::vector<Piece>& pieces) const {
    constexpr std::size_t kMostAtOnce = 1024; // IOV_MAX
    std::vector<iovec> local;
    std::vector<iovec> remote;
    for (std::size_t begin = 0; begin < pieces.size();) {
        const std::size_t count = std::min(kMostAtOnce, pieces.size() - begin);
        local.clear();
        remote.clear();
        for (std::size_t index = begin; index < begin + count; ++index) {
            const Piece& piece = pieces[index];
            local.push_back({.iov_base = piece.to, .iov_len = piece.size});
            // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
            remote.push_back({.iov_base = reinterpret_cast<void*>(piece.address), .iov_len = piece.size});
        }
        const ssize_t length = process_vm_readv(process_, local.data(), count, remote.data(), count, 0);
        if (length < 0 && errno != EFAULT) {
            return false;
        }
        // The kernel stops at the first piece that is not fully mapped.
        std::size_t left = length < 0 ? 0 : static_cast<std::size_t>(length);
        std::size_t next = begin;
        while (next < begin + count && left >= pieces[next].size) {
            left -= pieces[next].size;
            pieces[next].is_read = true;
            ++next;
        }
        begin = next < begin + count ? next + 1 : next;
    }
    return true;
}

} // namespace ashlar::process
