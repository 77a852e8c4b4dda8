// SPDX-License-Identifier: MIT
//
// Runs COUNT pairs of lock and unlock of one mutex, while a second thread sleeps. The difference of two runs
// gives the cost of a pair. Prints the nanoseconds of CPU time of the pairs.
//
// usage: pairs COUNT
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <pthread.h>
#include <semaphore.h>

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
sem_t end;

void* sleep_until_the_end(void* /*unused*/) {
    sem_wait(&end);
    return nullptr;
}

long cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    const long pairs = std::strtol(arguments[1], nullptr, 10);
    pthread_t idle{};
    sem_init(&end, 0, 0);
    if (pthread_create(&idle, nullptr, sleep_until_the_end, nullptr) != 0) return 1;
    const long begin = cpu_time();
    for (long i = 0; i < pairs; ++i) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    }
    std::printf("%ld\n", cpu_time() - begin);
    sem_post(&end);
    return pthread_join(idle, nullptr);
}
