// SPDX-License-Identifier: MIT
#include "locks/run.h"

#include <pthread.h>

namespace bench::locks {

namespace {

struct Member {
    Worker* worker;
    const std::function<void(Worker&)>* body;
    pthread_barrier_t* all_ready;
    pthread_t thread;
    std::uint64_t start_ns;
    std::uint64_t end_ns;
};

void* member_body(void* argument) {
    auto& member = *static_cast<Member*>(argument);
    member.worker->thread_id = gettid();
    char name[16];
    std::snprintf(name, sizeof name, "worker-%zu", member.worker->index);
    pthread_setname_np(pthread_self(), name);
    pthread_barrier_wait(member.all_ready);
    member.start_ns = now_ns();
    (*member.body)(*member.worker);
    member.end_ns = now_ns();
    return nullptr;
}

} // namespace

void Run::work(const std::function<void(Worker&)>& body) {
    pthread_barrier_t all_ready;
    pthread_barrier_init(&all_ready, nullptr, static_cast<unsigned>(workers_.size() + 1));
    std::vector<Member> members;
    members.reserve(workers_.size()); // threads get their addresses
    for (Worker& worker : workers_) {
        members.push_back({.worker = &worker,
                           .body = &body,
                           .all_ready = &all_ready,
                           .thread = {},
                           .start_ns = 0,
                           .end_ns = 0});
        members.back().thread = start_thread(member_body, &members.back());
    }
    pthread_barrier_wait(&all_ready);
    std::uint64_t end_ns = 0;
    start_ns_ = UINT64_MAX;
    for (const Member& member : members) {
        pthread_join(member.thread, nullptr);
        start_ns_ = std::min(start_ns_, member.start_ns);
        end_ns = std::max(end_ns, member.end_ns);
    }
    duration_ns_ = end_ns - start_ns_;
    pthread_barrier_destroy(&all_ready);
}

void Run::error(const char* format, ...) {
    constexpr std::uint64_t kShown = 5;
    if (errors_.fetch_add(1) >= kShown) {
        return;
    }
    char text[256];
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    std::fprintf(stderr, "error: %s\n", text);
}

} // namespace bench::locks
