// SPDX-License-Identifier: MIT
#include "observe/record_file.h"

#include "os/page_memory.h"
#include "os/process.h"
#include "os/system_call.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>
#endif

namespace ashlar::observe {

namespace {

using profile_format::FileHeader;
using profile_format::RecordHead;

constexpr long kPopulateWrite = 23; // MADV_POPULATE_WRITE, since Linux 5.14
constexpr long kWipeOnFork = 18;    // MADV_WIPEONFORK, since Linux 4.14
constexpr std::size_t kLeastCapacity = std::size_t{256} << 10;
constexpr std::size_t kMostAtOnce = std::size_t{32} << 20; // bytes, if all must be allocated at the start
constexpr unsigned kMostFiles = 100;                       // files of one process number

std::uint64_t nanoseconds(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// Builds a path in a buffer. fits() is false once the path was too long.
class Path {
  public:
    Path(char* buffer, std::size_t capacity) : buffer_(buffer), capacity_(capacity) {}

    Path& text(std::string_view words) {
        fits_ = fits_ && words.size() < capacity_ - length_;
        if (!fits_) return *this;
        std::memcpy(buffer_ + length_, words.data(), words.size());
        length_ += words.size();
        buffer_[length_] = '\0';
        return *this;
    }
    Path& number(std::uint64_t value) {
        char digits[20];
        char* at = std::end(digits);
        do {
            *--at = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        return text({at, static_cast<std::size_t>(std::end(digits) - at)});
    }
    bool fits() const { return fits_; }

  private:
    char* buffer_;
    std::size_t capacity_;
    std::size_t length_ = 0;
    bool fits_ = true;
};

std::string_view first_part(std::string_view text, std::size_t bytes) {
    text.remove_suffix(text.size() - bytes);
    return text;
}
std::string_view without_first(std::string_view text, std::size_t bytes) {
    text.remove_prefix(bytes);
    return text;
}

// Builds the path of the process's file, of which there are `again` already. Returns false if it is too long.
bool make_path(char* buffer, std::size_t capacity, std::string_view place, std::string_view ending,
               unsigned again) {
    Path path(buffer, capacity);
    const auto number = [&] {
        path.number(os::process_id());
        if (again != 0) path.text(".").number(again);
    };
    // The path is absolute, because a process may change its folder.
    if (place.empty() || place.front() != '/') {
        char folder[RecordFile::kLongestPath];
        const long length = os::system_call(SYS_getcwd, folder, sizeof(folder));
        if (length <= 1) return false;
        path.text({folder, static_cast<std::size_t>(length) - 1}).text("/");
    }
    const auto mark = place.find("%p");
    if (mark == std::string_view::npos) {
        path.text(place.empty() ? "." : place).text("/ashlar.");
        number();
        path.text(ending);
    } else {
        path.text(first_part(place, mark));
        number();
        path.text(without_first(place, mark + 2));
    }
    return path.fits();
}

std::size_t largest_file() {
    rlimit limit{};
    if (os::system_call(SYS_prlimit64, 0, RLIMIT_FSIZE, nullptr, &limit) != 0) return SIZE_MAX;
    return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : static_cast<std::size_t>(limit.rlim_cur);
}

void store_head(char* record, RecordHead head) {
    std::uint64_t word = 0;
    std::memcpy(&word, &head, sizeof(word));
    __atomic_store_n(reinterpret_cast<std::uint64_t*>(record), word, __ATOMIC_RELEASE);
}

#if defined(__x86_64__)
// Uses the processor's instruction, eight bytes at a time. A record is a multiple of eight bytes.
[[gnu::target("sse4.2")]] std::uint32_t checksum_by_instruction(const RecordHead& head, const char* payload) {
    std::uint64_t crc = ~std::uint32_t{0};
    std::uint64_t word = 0;
    std::memcpy(&word, &head, sizeof(word));
    crc = _mm_crc32_u64(crc, word);
    for (std::size_t i = 0; i < head.size - sizeof(head); i += sizeof(word)) {
        std::memcpy(&word, payload + i, sizeof(word));
        crc = _mm_crc32_u64(crc, word);
    }
    return ~static_cast<std::uint32_t>(crc);
}

bool has_instruction() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned features = 0;
    unsigned d = 0;
    return __get_cpuid(1, &a, &b, &features, &d) != 0 && (features & bit_SSE4_2) != 0;
}

constinit bool by_instruction = false; // set with the first file: virtual machines are slow to tell

void choose_checksum() {
    by_instruction = has_instruction();
}

std::uint32_t checksum_of(const RecordHead& head, const char* payload) {
    return by_instruction ? checksum_by_instruction(head, payload)
                          : profile_format::checksum_of(head, payload);
}
#else
void choose_checksum() {}
using profile_format::checksum_of;
#endif

// Keeps the compiler from reordering stores. A kill takes effect between two instructions.
void keep_order() {
    asm volatile("" : : : "memory");
}

void store_state(FileHeader& head, profile_format::State state) {
    auto* const word = reinterpret_cast<std::uint32_t*>(&head.state);
    __atomic_store_n(word, static_cast<std::uint32_t>(state), __ATOMIC_RELAXED);
}

} // namespace

// Creates the file. Returns a descriptor or a negative error number.
int RecordFile::create(std::string_view place) {
    for (unsigned again = 0; again < kMostFiles; ++again) {
        if (!make_path(path_, sizeof(path_), place, ending_, again)) return -ENAMETOOLONG;
        const long file = os::system_call(SYS_openat, AT_FDCWD, path_,
                                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file != -EEXIST) return static_cast<int>(file);
    }
    return -EEXIST;
}

bool RecordFile::populate(char* base, std::size_t begin, std::size_t end) const {
    return !in_steps_ || os::system_call(SYS_madvise, base + begin, end - begin, kPopulateWrite) == 0;
}

// Maps the file at `base`, and makes its first piece ready. Returns 0 or an error number.
int RecordFile::map(int file, std::size_t capacity, char*& base) {
    long result = os::system_call(SYS_ftruncate, file, capacity);
    if (result != 0) return static_cast<int>(-result);
    result = os::system_call(SYS_mmap, nullptr, capacity, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (os::failed(result)) return static_cast<int>(-result);
    base = reinterpret_cast<char*>(result);
    in_steps_ = true;
    ready_.store(kStep, std::memory_order_relaxed);
    mapped_ = capacity;
    if (!populate(base, 0, kStep)) { // not in this kernel, or no room
        in_steps_ = false;
        capacity = std::min(capacity, kMostAtOnce);
        result = os::system_call(SYS_fallocate, file, 0, 0, capacity);
        if (result != 0) {
            os::system_call(SYS_munmap, base, mapped_);
            return static_cast<int>(-result);
        }
    }
    capacity_ = capacity;
    return 0;
}

// Maps a page that the kernel clears in forked children, which otherwise rely on their handlers.
void RecordFile::prepare_owner(char* base) {
    if (owner_ == nullptr) {
        const long page = os::system_call(SYS_mmap, nullptr, os::page_size(), PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (os::failed(page)) return;
        if (os::system_call(SYS_madvise, page, os::page_size(), kWipeOnFork) != 0) {
            os::system_call(SYS_munmap, page, os::page_size());
            return;
        }
        owner_ = reinterpret_cast<std::atomic<std::uint32_t>*>(page);
    }
    owner_->store(kOurs, std::memory_order_release);
    if (!keeps_mapping_) os::system_call(SYS_madvise, base, mapped_, MADV_DONTFORK);
}

void RecordFile::remember_file(int file) {
    struct stat about {};
    os::system_call(SYS_fstat, file, &about);
    device_ = about.st_dev;
    inode_ = about.st_ino;
}

int RecordFile::open(std::string_view place, std::size_t capacity, std::size_t rate, std::uint32_t parent) {
    choose_checksum();
    const int file = create(place);
    if (file < 0) return -file;
    // Uses whole pieces. The program needs most of a limited address space.
    constexpr std::size_t kShareOfAddresses = 16;
    const std::size_t addresses = os::address_space_limit();
    capacity = std::min({capacity, largest_file(), addresses / kShareOfAddresses}) / kStep * kStep;
    int error = EFBIG;
    char* base = nullptr;
    do {
        if (capacity < kLeastCapacity) break;
        error = map(file, capacity, base);
        capacity = capacity / 2 / kStep * kStep;
    } while (error == ENOMEM);
    remember_file(file);
    os::system_call(SYS_close, file);
    if (error != 0) {
        os::system_call(SYS_unlinkat, AT_FDCWD, path_, 0);
        return error;
    }
    FileHeader& head = *new (base) FileHeader{};
    head.version = profile_format::kVersion;
    head.header_size = 4096;
    head.page_size = static_cast<std::uint32_t>(os::page_size());
    process_ = static_cast<std::uint32_t>(os::process_id());
    head.pid = process_;
    head.start_realtime = nanoseconds(CLOCK_REALTIME);
    head.start_monotonic = nanoseconds(CLOCK_MONOTONIC);
    head.rate = rate;
    head.capacity = capacity_;
    head.reserved = head.header_size;
    head.state = State::kRecording;
    head.parent = parent;
    os::system_call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", head.program.data(), head.program.size() - 1);
    keep_order();
    head.magic = profile_format::kMagic;
    full_.store(false, std::memory_order_relaxed);
    prepare_owner(base);
    base_.store(base, std::memory_order_release); // last: other threads append from here on
    return 0;
}

bool RecordFile::is_inherited() const {
    return is_open() && owner_ != nullptr && owner_->load(std::memory_order_acquire) != kOurs;
}

bool RecordFile::is_mine_to_forget() {
    std::uint32_t inherited = kInherited;
    return is_open() && owner_ != nullptr &&
           owner_->compare_exchange_strong(inherited, kBeingForgotten, std::memory_order_acq_rel);
}

// Makes records up to `end` ready to be written. Any number of threads may do the same at a time.
bool RecordFile::make_ready(char* base, std::size_t end) {
    std::size_t before = ready_.load(std::memory_order_acquire);
    const std::size_t wanted = std::min((end + kStep - 1) / kStep * kStep, capacity_);
    if (before >= wanted) return true;
    if (!populate(base, before, wanted)) return false;
    while (before < wanted && !ready_.compare_exchange_weak(before, wanted, std::memory_order_acq_rel)) {
    }
    // Drops the piece two before the new one. A thread that still writes there gets its page back.
    if (wanted >= 3 * kStep) {
        os::system_call(SYS_madvise, base + wanted - 3 * kStep, kStep, MADV_DONTNEED);
    }
    return true;
}

// Reserves `size` bytes. Returns null if there is no room, and always after that.
char* RecordFile::reserve(char* base, std::size_t size) {
    auto& head = *reinterpret_cast<FileHeader*>(base);
    std::uint64_t& reserved = head.reserved;
    std::uint64_t begin = __atomic_load_n(&reserved, __ATOMIC_ACQUIRE);
    do {
        if ((begin & kClosed) != 0) return nullptr;
        if (begin + size > capacity_ || !make_ready(base, begin + size)) {
            store_state(head, State::kFull);
            if (base == base_.load(std::memory_order_relaxed)) full_.store(true, std::memory_order_relaxed);
            __atomic_fetch_or(&reserved, kClosed, __ATOMIC_ACQ_REL);
            return nullptr;
        }
    } while (!__atomic_compare_exchange_n(&reserved, &begin, begin + size, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return base + begin;
}

bool RecordFile::append(Kind kind, Piece first, Piece second) {
    const Use use(*this);
    const std::size_t payload = (first.bytes + second.bytes + 7) / 8 * 8;
    const std::size_t size = sizeof(RecordHead) + payload;
    char* const record = use.base() != nullptr ? reserve(use.base(), size) : nullptr;
    if (record == nullptr) return false;
    RecordHead head{static_cast<std::uint32_t>(size), Kind::kUnfinished, 0, 0, 0};
    store_head(record, head);
    keep_order();
    char* const start = record + sizeof(RecordHead); // the checksum and the payload are still zero
    std::memcpy(start, first.start, first.bytes);
    if (second.bytes != 0) std::memcpy(start + first.bytes, second.start, second.bytes);
    head.kind = kind;
    head.checksum = checksum_of(head, start);
    std::memcpy(record + 8, &head.checksum, 2 * sizeof(std::uint32_t));
    store_head(record, head);
    return true;
}

void* RecordFile::append_region(Kind kind, std::uint32_t row_size, std::uint32_t rows, std::uint64_t first) {
    constexpr std::size_t kLine = 64;
    const Use use(*this);
    const std::size_t before = sizeof(RecordHead) + sizeof(profile_format::Region);
    const std::size_t size = before + kLine - 8 + (std::size_t{rows} * row_size + 7) / 8 * 8;
    char* const record = use.base() != nullptr ? reserve(use.base(), size) : nullptr;
    if (record == nullptr) return nullptr;
    const std::size_t skip = -reinterpret_cast<std::uintptr_t>(record + before) % kLine;
    const profile_format::Region region{row_size, rows, first, static_cast<std::uint32_t>(skip), 0};
    RecordHead head{static_cast<std::uint32_t>(size), kind, profile_format::kIsRegion, 0, 0};
    std::memcpy(record + sizeof(head), &region, sizeof(region));
    head.checksum = profile_format::checksum_of_region(head, region);
    std::memcpy(record + 8, &head.checksum, 2 * sizeof(std::uint32_t));
    store_head(record, head);
    return record + before + skip;
}

// Maps the copy over the parent's file, so that pointers to rows remain valid.
int RecordFile::continue_in_child(std::string_view place) {
    char* const base = base_.load(std::memory_order_relaxed);
    if (base == nullptr) return EBADF;
    auto& parent = *reinterpret_cast<FileHeader*>(base);
    const std::size_t used = __atomic_load_n(&parent.reserved, __ATOMIC_ACQUIRE) & ~kClosed;
    const std::size_t ready = std::min((used + kStep - 1) / kStep * kStep, capacity_);
    const int file = create(place);
    if (file < 0) return -file;
    remember_file(file);
    long result = os::system_call(SYS_ftruncate, file, mapped_);
    if (result == 0) result = os::system_call(SYS_fallocate, file, 0, 0, in_steps_ ? ready : capacity_);
    long copy = result;
    if (result == 0)
        copy = os::system_call(SYS_mmap, nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    os::system_call(SYS_close, file);
    if (os::failed(copy)) {
        os::system_call(SYS_unlinkat, AT_FDCWD, path_, 0);
        return static_cast<int>(-copy);
    }
    std::memcpy(reinterpret_cast<char*>(copy), base, used);
    auto& head = *reinterpret_cast<FileHeader*>(copy);
    head.parent = parent.pid;
    head.pid = process_ = static_cast<std::uint32_t>(os::process_id());
    head.start_realtime = nanoseconds(CLOCK_REALTIME);
    head.start_monotonic = nanoseconds(CLOCK_MONOTONIC);
    head.reserved = used;
    head.lost = 0;
    head.state = State::kRecording;
    ready_.store(ready, std::memory_order_relaxed);
    full_.store(false, std::memory_order_relaxed);
    result = os::system_call(SYS_mremap, copy, mapped_, mapped_, MREMAP_MAYMOVE | MREMAP_FIXED, base);
    if (owner_ != nullptr) owner_->store(kOurs, std::memory_order_release);
    return os::failed(result) ? static_cast<int>(-result) : 0;
}

void RecordFile::cut_off(std::size_t bytes) const {
    const long file = os::system_call(SYS_openat, AT_FDCWD, path_, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) return;
    struct stat about {};
    if (os::system_call(SYS_fstat, file, &about) == 0 && about.st_dev == device_ && about.st_ino == inode_)
        os::system_call(SYS_ftruncate, file, bytes);
    os::system_call(SYS_close, file);
}

void RecordFile::close(State state) {
    char* const base = base_.load(std::memory_order_relaxed);
    if (base == nullptr) return;
    auto& head = *reinterpret_cast<FileHeader*>(base);
    const std::uint64_t end = __atomic_fetch_or(&head.reserved, kClosed, __ATOMIC_ACQ_REL) & ~kClosed;
    if (this->state() != State::kFull) store_state(head, state);
    base_.store(nullptr, std::memory_order_seq_cst);
    // Keeps the mapping if a thread is in the middle of a record, which it then finishes.
    if (users_.load(std::memory_order_seq_cst) == 0 && !keeps_mapping_)
        os::system_call(SYS_munmap, base, mapped_);
    cut_off((end + os::page_size() - 1) / os::page_size() * os::page_size());
}

void RecordFile::forget() {
    char* const base = base_.exchange(nullptr, std::memory_order_acq_rel);
    if (base == nullptr || users_.load(std::memory_order_relaxed) == 0) return;
    // A thread was in the middle of a record. If that is the forking thread, in a signal handler, it
    // continues afterwards and needs memory there. Other mappings that are there by now are not replaced.
    const long there =
        os::system_call(SYS_mmap, base, mapped_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (!os::failed(there) && reinterpret_cast<char*>(there) != base) // before Linux 4.17
        os::system_call(SYS_munmap, there, mapped_);
}

void RecordFile::set_state(State state) {
    const Use use(*this);
    if (use.header() != nullptr) store_state(*use.header(), state);
}

RecordFile::State RecordFile::state() const {
    const Use use(*this);
    if (use.header() == nullptr) return State::kStopped;
    const auto* const word = reinterpret_cast<const std::uint32_t*>(&use.header()->state);
    return static_cast<State>(__atomic_load_n(word, __ATOMIC_RELAXED));
}

void RecordFile::count_lost() {
    const Use use(*this);
    if (use.header() != nullptr) __atomic_fetch_add(&use.header()->lost, 1, __ATOMIC_RELAXED);
}

std::uint64_t RecordFile::bytes() const {
    const Use use(*this);
    if (use.header() == nullptr) return 0;
    return __atomic_load_n(&use.header()->reserved, __ATOMIC_RELAXED) & ~kClosed;
}

} // namespace ashlar::observe
