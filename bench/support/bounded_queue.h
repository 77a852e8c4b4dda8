// SPDX-License-Identifier: MIT
// A queue between threads: a mutex, two condition variables and a fixed capacity. It allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <pthread.h>

namespace bench {

template <typename Element, std::uint32_t kCapacity>
class BoundedQueue {
  public:
    // Waits while the queue is full.
    void push(Element element) {
        pthread_mutex_lock(&mutex_);
        while (count_ == kCapacity) {
            pthread_cond_wait(&not_full_, &mutex_);
        }
        elements_[(first_ + count_) % kCapacity] = element;
        ++count_;
        pthread_mutex_unlock(&mutex_);
        pthread_cond_signal(&not_empty_);
    }

    // Waits while the queue is empty. Returns nothing once it is empty and closed.
    std::optional<Element> pop() {
        pthread_mutex_lock(&mutex_);
        while (count_ == 0 && !closed_) {
            pthread_cond_wait(&not_empty_, &mutex_);
        }
        std::optional<Element> element;
        if (count_ != 0) {
            element = elements_[first_];
            first_ = (first_ + 1) % kCapacity;
            --count_;
        }
        pthread_mutex_unlock(&mutex_);
        pthread_cond_signal(&not_full_);
        return element;
    }

    // No call of push() may follow.
    void close() {
        pthread_mutex_lock(&mutex_);
        closed_ = true;
        pthread_mutex_unlock(&mutex_);
        pthread_cond_broadcast(&not_empty_);
    }

  private:
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t not_full_ = PTHREAD_COND_INITIALIZER;
    pthread_cond_t not_empty_ = PTHREAD_COND_INITIALIZER;
    bool closed_ = false;
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
    std::array<Element, kCapacity> elements_;
};

} // namespace bench
