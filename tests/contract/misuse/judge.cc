// SPDX-License-Identifier: MIT
#include "judge.h"

#include "common/report.h"
#include "scene.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace misuse {

namespace {

Record* shared_record() {
    void* const memory =
        ::mmap(nullptr, sizeof(Record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) common::fail("no shared memory");
    return static_cast<Record*>(memory);
}

int empty_file() {
    const int file = ::memfd_create("errors", MFD_CLOEXEC);
    if (file < 0 || ::fcntl(file, F_SETFL, O_APPEND) != 0)
        common::fail("memfd_create: %s", std::strerror(errno));
    return file;
}

} // namespace

Judge::Judge(unsigned limit_seconds)
    : limit_seconds_(limit_seconds), record_(shared_record()), errors_(empty_file()) {}

// Waits for the child's end. Kills it at the time limit.
void Judge::watch(int child) {
    const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    if (descriptor < 0) common::fail("pidfd_open: %s", std::strerror(errno));
    pollfd ended{descriptor, POLLIN, 0};
    int events = 0;
    do {
        events = ::poll(&ended, 1, static_cast<int>(limit_seconds_) * 1000);
    } while (events < 0 && errno == EINTR);
    hung_ = events == 0;
    if (hung_) ::kill(child, SIGKILL);
    ::close(descriptor);
    while (::waitpid(child, &status_, 0) < 0 && errno == EINTR) {
    }
}

Result Judge::result() const {
    if (hung_) return Result::kHung;
    const bool spoke = words_[0] != '\0';
    const bool ended_well = WIFEXITED(status_) && WEXITSTATUS(status_) == EXIT_SUCCESS;
    const bool damaged = record_->damage[0] != '\0';
    if (record_->moment == Moment::kBefore) {
        return record_->skipped && ended_well && !spoke && !damaged ? Result::kSkipped : Result::kBroken;
    }
    if (spoke) return Result::kReported;
    if (!ended_well) return Result::kCrashed;
    return damaged ? Result::kCorrupted : Result::kHarmless;
}

Verdict Judge::judge(const Input& input) {
    record_->moment = Moment::kBefore;
    record_->skipped = false;
    record_->damage[0] = '\0';
    const pid_t child = ::fork();
    if (child < 0) common::fail("fork: %s", std::strerror(errno));
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(errors_, STDERR_FILENO);
        play(input, *record_);
        if (!record_->skipped) record_->moment = Moment::kExit;
        std::exit(EXIT_SUCCESS);
    }
    watch(child);
    const ssize_t length = ::pread(errors_, words_, sizeof words_ - 1, 0);
    std::fill(words_ + std::max<ssize_t>(length, 0), words_ + sizeof words_, '\0');
    std::fill(std::find(words_, words_ + sizeof words_, '\n'), words_ + sizeof words_, '\0');
    if (::ftruncate(errors_, 0) != 0) common::fail("ftruncate: %s", std::strerror(errno));

    Verdict verdict{result(), record_->moment, record_->damage[0] != '\0', {}};
    const char* const text = words_[0] != '\0' ? words_ : record_->damage;
    std::copy_n(text, std::min(std::strlen(text), sizeof verdict.message - 1), verdict.message);
    return verdict;
}

} // namespace misuse
