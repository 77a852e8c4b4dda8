// SPDX-License-Identifier: MIT
//
// The functions of the libraries behind this one, usually the C library, that the wrappers forward to.
//
// They are found in the symbol tables of the loaded objects. dlsym is not used, because it may allocate. A
// malloc that takes a lock during its own start would then enter a wrapper that cannot forward yet. The
// search takes no lock and allocates nothing.
#pragma once

#include <cstddef>
#include <ctime>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

namespace ashlar::locks {

struct Next {
    int (*mutex_lock)(pthread_mutex_t*);
    int (*mutex_trylock)(pthread_mutex_t*);
    int (*mutex_timedlock)(pthread_mutex_t*, const timespec*);
    int (*mutex_clocklock)(pthread_mutex_t*, clockid_t, const timespec*);
    int (*mutex_unlock)(pthread_mutex_t*);
    int (*mutex_destroy)(pthread_mutex_t*);

    int (*rwlock_rdlock)(pthread_rwlock_t*);
    int (*rwlock_tryrdlock)(pthread_rwlock_t*);
    int (*rwlock_timedrdlock)(pthread_rwlock_t*, const timespec*);
    int (*rwlock_clockrdlock)(pthread_rwlock_t*, clockid_t, const timespec*);
    int (*rwlock_wrlock)(pthread_rwlock_t*);
    int (*rwlock_trywrlock)(pthread_rwlock_t*);
    int (*rwlock_timedwrlock)(pthread_rwlock_t*, const timespec*);
    int (*rwlock_clockwrlock)(pthread_rwlock_t*, clockid_t, const timespec*);
    int (*rwlock_unlock)(pthread_rwlock_t*);
    int (*rwlock_destroy)(pthread_rwlock_t*);

    int (*spin_lock)(pthread_spinlock_t*);
    int (*spin_trylock)(pthread_spinlock_t*);
    int (*spin_unlock)(pthread_spinlock_t*);
    int (*spin_destroy)(pthread_spinlock_t*);

    int (*sem_wait)(sem_t*);
    int (*sem_trywait)(sem_t*);
    int (*sem_timedwait)(sem_t*, const timespec*);
    int (*sem_clockwait)(sem_t*, clockid_t, const timespec*);
    int (*sem_post)(sem_t*);
    int (*sem_destroy)(sem_t*);

    // The two versions of a condition variable are two kinds of object.
    int (*cond_wait)(pthread_cond_t*, pthread_mutex_t*);
    int (*cond_timedwait)(pthread_cond_t*, pthread_mutex_t*, const timespec*);
    int (*cond_clockwait)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
    int (*old_cond_wait)(pthread_cond_t*, pthread_mutex_t*);
    int (*old_cond_timedwait)(pthread_cond_t*, pthread_mutex_t*, const timespec*);

    int (*barrier_wait)(pthread_barrier_t*);

    int (*mtx_lock)(mtx_t*);
    int (*mtx_trylock)(mtx_t*);
    int (*mtx_timedlock)(mtx_t*, const timespec*);
    int (*mtx_unlock)(mtx_t*);
    void (*mtx_destroy)(mtx_t*);
    int (*cnd_wait)(cnd_t*, mtx_t*);
    int (*cnd_timedwait)(cnd_t*, mtx_t*, const timespec*);

    long (*syscall)(long, long, long, long, long, long, long);
};

[[gnu::visibility("hidden")]] extern constinit Next next;

// Fills in `next`. May be called again, and by several threads at a time.
void find_next_functions();

// Returns a function of a library behind this one, or null. A null `version` means the default version.
void* find_behind(const char* name, const char* version = nullptr);

} // namespace ashlar::locks
