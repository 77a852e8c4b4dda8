// SPDX-License-Identifier: MIT
//
// The file that the sampling profiler writes and `ashlar profile` reads, as plain structs. Little endian.
//
//   FileHeader, padded to header_size | record | record | record | ... zeros
//
// The file is a shared mapping of fixed capacity, and records are only ever appended. The end of a recording
// cuts the file to the needed size. A writer reserves space by adding to FileHeader::reserved. Then it stores
// the first eight bytes of the record's head with the kind kUnfinished, and the payload. The checksum
// follows, and last the first eight bytes with the kind. So each record is either complete or a hole,
// whenever the process is killed. A reader takes one step at a time, from header_size up to `reserved`
// without its highest bit:
//
//   * eight zero bytes: the writer had reserved space and nothing more. Step over eight bytes;
//   * kUnfinished: a hole of `size` bytes. Step over it;
//   * any other kind: step over `size` bytes, and use the record if the checksum is right and the kind known.
//
// A head that breaks these rules means that the file is damaged. Then look for the next record that has the
// right checksum at the next multiple of eight.
//
// A newer library may append fields to a payload and add kinds, without a new version number. Readers must
// take the parts that they know and skip the rest. `version` changes when that would be wrong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ashlar::profile_format {

inline constexpr std::array<char, 8> kMagic{'A', 'S', 'H', 'L', 'A', 'R', 'P', 'F'};
inline constexpr std::uint32_t kVersion = 1;

// Values of FileHeader::state.
enum class State : std::uint32_t {
    kRecording = 1,
    kPaused = 2,
    kStopped = 3, // by ashlar_profile_stop, a signal or exit
    kFull = 4,    // the capacity is used up; later records are lost
};

// At offset 0 of the file. Writers change the atomic fields while readers read.
struct FileHeader {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t header_size;     // offset of the first record
    std::uint32_t page_size;       // bytes of the system's pages
    std::uint32_t pid;             // process number
    std::uint64_t start_realtime;  // ns since 1970 at the start
    std::uint64_t start_monotonic; // ns of CLOCK_MONOTONIC at the start; all times below use that clock
    std::uint64_t rate;            // least mean of requested bytes between two samples
    std::uint64_t capacity;        // bytes of the file
    std::uint64_t reserved;        // atomic; bytes handed out to writers, from offset 0; may exceed capacity
    std::uint64_t lost;            // atomic; samples without room for them or their stack
    State state;                   // atomic
    std::uint32_t parent;          // pid of the recording process that forked this one, or 0
    std::array<char, 256> program; // path of the executable, cut if too long, ends with NUL
};
static_assert(sizeof(FileHeader) == 336);

enum class Kind : std::uint16_t {
    kUnfinished = 0,
    kStack = 1,
    kMap = 2,
    kThread = 3,
    kAllocate = 4,
    kFree = 5,
    kCountNames = 6,
    kCounts = 7,
    kPinned = 8,
    kMark = 9,
    kCpu = 10,
    kCpuTime = 11,

    // Kinds of the lock profiler: ashlar/lock_format.h.
    kLocks = 32,
    kLockThreads = 33,
    kLockTallies = 34,
    kLockOrder = 35,
    kLongWait = 36,
};

// RecordHead::flags: the payload is a Region.
inline constexpr std::uint16_t kIsRegion = 1;

// Rows that the process writes in place while it runs. The checksum covers the head and this struct, but not
// the rows. An unused row is all zeroes.
struct Region {
    std::uint32_t row_size; // bytes; a multiple of 8
    std::uint32_t rows;
    std::uint64_t first; // number of the first row
    std::uint32_t skip;  // bytes from here to the first row, which begins a cache line
    std::uint32_t zero;
};
static_assert(sizeof(Region) == 24);

// Before each payload. Starts at a multiple of 8.
struct RecordHead {
    std::uint32_t size; // bytes of the record with its head; a multiple of 8
    Kind kind;
    std::uint16_t flags;    // 0 or kIsRegion
    std::uint32_t checksum; // see checksum_of()
    std::uint32_t zero;
};
static_assert(sizeof(RecordHead) == 16);

// Written before the stack's first use; twice if two threads come to it at one time. `frames` return
// addresses (u64) follow, innermost first. The call is the instruction before the address.
struct Stack {
    std::uint32_t id; // counts from 1
    std::uint32_t frames;
};

// An executable mapping. The path follows, `path_length` bytes without NUL, padded to 8. Written at start,
// and after libraries were loaded or unloaded. A later record replaces an earlier one where they overlap.
struct Map {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t offset; // offset of `begin` in the file
    std::uint64_t inode;
    std::uint32_t device; // major << 20 | minor; 0 if unknown
    std::uint16_t path_length;
    std::uint8_t build_id_length; // 0: unknown
    std::uint8_t zero;
    std::array<std::uint8_t, 24> build_id;
};
static_assert(sizeof(Map) == 64);

// Written at a thread's first sample.
struct Thread {
    std::uint32_t number; // counts from 1 in the order of first samples; never reused
    std::uint32_t tid;
    std::array<char, 16> name;
};

// A sampled block. It stands for `weight` bytes and `blocks` / 1024 blocks of its size.
struct Allocate {
    std::uint64_t sample; // number of the sample, from 1
    std::uint64_t time;
    std::uint64_t address;
    std::uint64_t size;      // bytes requested
    std::uint64_t usable;    // bytes that the heap uses for a block of that size
    std::uint64_t weight;    // unbiased estimate of requested bytes
    std::uint64_t blocks;    // unbiased estimate of blocks, in 1/1024
    std::uint64_t allocated; // estimate of all bytes that the process requested so far, this sample included
    std::uint32_t stack;     // Stack::id
    std::uint32_t thread;    // Thread::number
    std::uint64_t distance;  // mean of requested bytes between two samples of this thread; before this field:
                             // FileHeader::rate
};
static_assert(sizeof(Allocate) == 80);

// The release of a sample. Resizing a block releases the old sample; the new block may be a sample.
struct Free {
    std::uint64_t sample;
    std::uint64_t time;
    std::uint64_t allocated; // as in Allocate
    std::uint32_t thread;    // thread that released the block; 0 if it has no number
    std::uint32_t zero;
};
static_assert(sizeof(Free) == 32);

// The names of the values in the following Counts, each with its NUL, padded to 8.
struct CountNames {
    std::uint32_t count;
    std::uint32_t bytes; // of the names
};

// A row of the ledger. `count` values (u64) follow, in the order of the last CountNames.
struct Counts {
    std::uint64_t time;
    std::uint64_t count;
};

// Written at a dump for each live sample that is no large block.
struct Pinned {
    std::uint64_t sample;
    // Unbiased estimate of the free bytes in partly used slabs that the sample keeps from being released.
    // Each block that it stands for has its share of its slab's free bytes.
    std::uint64_t bytes;
    std::uint64_t age; // ns
};

enum class Reason : std::uint32_t {
    kStart = 1,
    kStop = 2,
    kPause = 3,
    kResume = 4,
    kDump = 5,      // requested by ashlar_profile_dump or a signal
    kHighWater = 6, // the estimate of live bytes exceeds all earlier marks by a step
    kInterval = 7,
    kExit = 8,
    kFork = 9, // the process is a forked child of FileHeader::parent
};

struct Mark {
    std::uint64_t time;
    Reason reason;
    std::uint32_t zero;
    std::uint64_t live;      // estimate of live bytes
    std::uint64_t allocated; // as in Allocate
};

// A moment at which a thread used the processor. The stack begins with the interrupted instruction, plus 1.
// It includes frames of the allocator.
struct Cpu {
    std::uint64_t time;
    std::uint32_t stack;
    std::uint32_t thread;
    std::uint32_t microseconds; // CPU time that the sample stands for
    std::uint32_t where;        // 0: the program, 1: the allocator or a function that it called
};
static_assert(sizeof(Cpu) == 24);

enum class CpuState : std::uint32_t {
    kSamples = 1,
    kSignalInUse = 2, // the program handles the signal itself; no more samples follow
    kNoThread = 3,    // the thread that looks for threads did not start
};

// The state of CPU sampling, written at the start, about once per second of CPU time, and at the end.
struct CpuTime {
    std::uint64_t time;
    std::uint64_t used;         // ns of CPU time of all threads but the profiler's since recording began
    std::uint64_t lost;         // samples that could not be recorded
    std::uint64_t unwatched;    // threads that could not be sampled
    std::uint32_t microseconds; // between two samples of a thread
    CpuState state;
};
static_assert(sizeof(CpuTime) == 40);

// CRC-32C (polynomial 0x1EDC6F41, reflected).
inline constexpr auto kCrcTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = value >> 1 ^ (0x82F63B78U & (0U - (value & 1)));
        table[i] = value;
    }
    return table;
}();

inline std::uint32_t crc32c(std::uint32_t before, const void* bytes, std::size_t count) {
    const auto* const at = static_cast<const unsigned char*>(bytes);
    std::uint32_t crc = ~before;
    for (std::size_t i = 0; i < count; ++i)
        crc = crc >> 8 ^ kCrcTable[(crc ^ at[i]) & 0xff]; // NOLINT(clang-analyzer-core.*): bytes of a head
    return ~crc;
}

inline std::uint32_t checksum_of_region(const RecordHead& head, const Region& region) {
    return crc32c(crc32c(0, &head, 8), &region, sizeof(region));
}

// Returns the checksum of the head's first eight bytes (size, kind, flags) and of the payload.
inline std::uint32_t checksum_of(const RecordHead& head, const void* payload) {
    return crc32c(crc32c(0, &head, 8), payload, head.size - sizeof(RecordHead));
}

} // namespace ashlar::profile_format
