// SPDX-License-Identifier: MIT
//
// A thread that runs given functions while its caller waits. It ends with the object.
#pragma once

#include "common/report.h"
#include "common/thread.h"

#include <cerrno>
#include <semaphore.h>

namespace misuse {

class Worker {
  public:
    Worker() {
        if (::sem_init(&go_, 0, 0) != 0 || ::sem_init(&done_, 0, 0) != 0) common::fail("no semaphore");
        thread_ = common::start_thread(serve, this, kStack);
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() {
        task_ = nullptr;
        ::sem_post(&go_);
        common::join_thread(thread_);
    }

    template <typename Task>
    void run(Task task) {
        task_ = [](void* which) { (*static_cast<Task*>(which))(); };
        which_ = &task;
        ::sem_post(&go_);
        wait(done_);
    }

  private:
    static constexpr std::size_t kStack = std::size_t{256} << 10;

    static void wait(sem_t& semaphore) {
        while (::sem_wait(&semaphore) != 0 && errno == EINTR) {
        }
    }

    static void* serve(void* self) {
        auto& worker = *static_cast<Worker*>(self);
        for (;;) {
            wait(worker.go_);
            if (worker.task_ == nullptr) return nullptr;
            worker.task_(worker.which_);
            ::sem_post(&worker.done_);
        }
    }

    sem_t go_{};
    sem_t done_{};
    void (*task_)(void*) = nullptr;
    void* which_ = nullptr;
    pthread_t thread_{};
};

} // namespace misuse
