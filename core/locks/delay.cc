// SPDX-License-Identifier: MIT
#include "locks/delay.h"

#include "locks/delayed_code.h"
#include "os/loaded_object.h"
#include "os/system_call.h"

#include <array>
#include <cerrno>
#include <sys/syscall.h>

namespace ashlar::locks {

namespace {

// The link map has no name for the main program.
const char* path_of(const link_map& object) {
    return object.l_name == nullptr || *object.l_name == '\0' ? "/proc/self/exe" : object.l_name;
}

// Caches the files of loaded objects: reading one is a system call. Two threads may add the same object
// twice.
class KnownFiles {
  public:
    FileNumber find(const link_map* object) {
        for (const Known& known : known_)
            if (known.object.load(std::memory_order_acquire) == object) return known.file;
        const FileNumber file = number_of(path_of(*object));
        const std::size_t place = count_.fetch_add(1, std::memory_order_relaxed);
        if (place < known_.size()) { // entries are never replaced
            known_[place].file = file;
            known_[place].object.store(object, std::memory_order_release);
        }
        return file;
    }

  private:
    struct Known {
        std::atomic<const link_map*> object{nullptr};
        FileNumber file;
    };
    std::array<Known, 64> known_{};
    std::atomic<std::size_t> count_{0};
};
constinit KnownFiles files{};

// Sleeps without a cancellation point, since acquiring a mutex is not one.
void sleep_for(std::uint64_t nanoseconds) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    timespec rest{static_cast<time_t>(nanoseconds / kSecond), static_cast<long>(nanoseconds % kSecond)};
    while (os::system_call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &rest, &rest) == -EINTR) {
    }
}

} // namespace

[[gnu::noinline, gnu::cold]] void delay_section(const void* lock, std::uintptr_t site) {
    const link_map* const object = os::object_around(reinterpret_cast<const void*>(site));
    if (object == nullptr) return;
    const int saved = errno;
    const std::uintptr_t call = site - 1 - object->l_addr; // in the file, within the call instruction
    if (const DelayedCode* const delay = find_delayed_code(files.find(object), call)) {
        if (LockRow* const row = recording.find(lock)) __atomic_fetch_add(&row->delayed, 1, __ATOMIC_RELAXED);
        sleep_for(delay->nanoseconds);
    }
    errno = saved;
}

} // namespace ashlar::locks
