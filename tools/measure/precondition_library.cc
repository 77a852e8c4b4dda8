// SPDX-License-Identifier: MIT
// ashlar-precondition.so, preloaded by `ashlar compare --precondition MIB`. It ages the heap before main: it
// allocates MIB in mixed sizes and frees nine tenths of the blocks at random. It never frees the rest.
//
// Sizes range from 16 B to 128 KiB. Each power of two in this range has the same share of the bytes, so most
// blocks are small. All memory is written to. The same blocks are freed in every process and run.
//
// Then the library resets the kernel's peak of the memory. It records the cost, so that it can be subtracted.
#include "measure/precondition.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using ashlar::measure::kPreconditionVariable;
using ashlar::measure::PreconditionRecord;

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr std::size_t kLeast = 16;
constexpr int kLargestClass = 12; // blocks from 64 KiB to 128 KiB
constexpr std::size_t kPage = 4096;

// SplitMix64.
class Random {
  public:
    std::uint64_t next() {
        state_ += 0x9e37'79b9'7f4a'7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
        return mixed ^ (mixed >> 31);
    }
    std::uint64_t below(std::uint64_t limit) { return next() % limit; }

  private:
    std::uint64_t state_ = 1;
};

// A class twice as large is half as likely.
std::size_t random_size(Random& random) {
    const int size_class = std::min(std::countr_zero(random.next()), kLargestClass);
    const std::size_t least = kLeast << size_class;
    return least + random.below(least);
}

void write_to(void* block, std::size_t size) {
    auto* const bytes = static_cast<volatile char*>(block);
    for (std::size_t offset = 0; offset < size; offset += kPage) {
        bytes[offset] = 1;
    }
    bytes[size - 1] = 1;
}

// Keeps the addresses outside the heap. Unused pages of that mapping need no memory.
std::uint64_t age(std::size_t bytes) {
    const std::size_t most = bytes / kLeast + 1;
    void* const memory = mmap(nullptr, most * sizeof(void*), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return 0;
    }
    auto** const blocks = static_cast<void**>(memory);
    Random random;
    std::size_t count = 0;
    std::uint64_t allocated = 0;
    while (allocated < bytes) {
        const std::size_t size = random_size(random);
        void* const block = std::malloc(size);
        if (block == nullptr) {
            break;
        }
        write_to(block, size);
        blocks[count++] = block;
        allocated += size;
    }
    for (std::size_t freed = 0; freed < count / 10 * 9; ++freed) {
        std::swap(blocks[freed], blocks[freed + random.below(count - freed)]);
        std::free(blocks[freed]);
    }
    munmap(memory, most * sizeof(void*));
    return allocated;
}

std::int64_t nanoseconds_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::int64_t microseconds(const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

// Adds `sign` times the usage so far. A call with -1 and a later call with 1 leave the usage in between.
void add_usage(PreconditionRecord& record, int sign) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    record.user_microseconds += sign * microseconds(usage.ru_utime);
    record.system_microseconds += sign * microseconds(usage.ru_stime);
    record.minor_faults += sign * usage.ru_minflt;
    record.major_faults += sign * usage.ru_majflt;
}

void write_file(const char* path, int flags, const void* text, std::size_t length) {
    const int file = open(path, O_WRONLY | O_CLOEXEC | flags);
    if (file < 0) {
        return;
    }
    while (write(file, text, length) < 0 && errno == EINTR) {
    }
    close(file);
}

[[gnu::constructor]] void precondition() {
    const int error = errno;
    const char* const value = std::getenv(kPreconditionVariable); // NOLINT(concurrency-mt-unsafe): one thread
    char* path = nullptr;
    const std::size_t mebibytes = value == nullptr ? 0 : std::strtoul(value, &path, 10);
    if (mebibytes == 0 || *path != ':') {
        return;
    }
    PreconditionRecord record{};
    record.start = nanoseconds_now();
    add_usage(record, -1);
    record.allocated = age(mebibytes * kMebibyte);
    add_usage(record, 1);
    constexpr char kForgetPeak[] = "5";
    write_file("/proc/self/clear_refs", 0, kForgetPeak, 1);
    record.end = nanoseconds_now();
    write_file(path + 1, O_APPEND, &record, sizeof record);
    errno = error;
}

} // namespace
