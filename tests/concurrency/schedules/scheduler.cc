// SPDX-License-Identifier: MIT
#include "scheduler.h"

#include "common/random.h"
#include "os/thread_exit.h"
#include "shadow.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Calls the C library directly, past the wrapper for the code under test.
extern "C" int __real_pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                     void* (*function)(void*), void* argument);

namespace schedules {

namespace {

constexpr unsigned kPatience = 60;    // seconds until a run is hung
constexpr unsigned kMostTimeouts = 2; // timeouts of a waiting actor, in a run
constexpr unsigned kMostSteps = 1U << 20;

struct Actor {
    std::atomic<std::uint32_t> turn{0}; // 1: the actor may run
    std::uint8_t number = 0;
    void (*body)() = nullptr; // function of a scenario's actor
    void* (*function)(void*) = nullptr;
    void* argument = nullptr; // argument of a servant's function
    const char* stack = nullptr;
    pthread_t thread{};

    std::uint32_t steps = 0;
    bool finished = false;
    const std::uint32_t* waits_for = nullptr;
    unsigned place_in_line = 0; // order among waiting actors
    bool timed = false;
    bool timed_out = false;
    unsigned timeouts = 0;
    const volatile void* read_last = nullptr; // the watched word read last
    unsigned read_at = 0;                     // turns taken at that time

    bool servant() const { return function != nullptr; }
};

thread_local Actor* me = nullptr;

std::array<Actor, kMaxActors> actors;
unsigned actor_count = 0;
Ordering ordering;
Run* run = nullptr;
unsigned turn_planned = 0; // index in the run's turns
unsigned turns_taken = 0;
unsigned last_in_line = 0;
common::Random chance{0};
unsigned switch_percent = 0;
pid_t process = 0;
bool forking = false;
bool at_each_write = false;
std::atomic<std::uint32_t> all_done{0};
pthread_key_t last_key = 0;

void sleep_while(const std::atomic<std::uint32_t>& word, std::uint32_t value, const timespec* timeout) {
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, timeout, nullptr, 0);
}
void set_and_wake(std::atomic<std::uint32_t>& word) {
    word.store(1, std::memory_order_release);
    ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

void wait_for_turn(Actor& actor) {
    while (actor.turn.load(std::memory_order_acquire) == 0)
        sleep_while(actor.turn, 0, nullptr);
    actor.turn.store(0, std::memory_order_relaxed);
}

bool scenario_over() {
    for (unsigned a = 0; a < actor_count; ++a) {
        if (!actors[a].servant() && !actors[a].finished) return false;
    }
    return true;
}

std::uint8_t able_actors() {
    const bool over = scenario_over();
    unsigned able = 0;
    for (unsigned a = 0; a < actor_count; ++a) {
        const Actor& actor = actors[a];
        const bool may_time_out = actor.timed && actor.timeouts < kMostTimeouts && !over;
        if (!actor.finished && (actor.waits_for == nullptr || may_time_out)) able |= 1U << a;
    }
    return static_cast<std::uint8_t>(able);
}

// Returns the first able actor that does not wait. If all wait, the first of them, whose wait times out.
std::uint8_t first_of(std::uint8_t able) {
    for (unsigned a = 0; a < actor_count; ++a) {
        if ((able >> a & 1) != 0 && actors[a].waits_for == nullptr) return static_cast<std::uint8_t>(a);
    }
    return static_cast<std::uint8_t>(std::countr_zero(able));
}

std::uint8_t any_of(std::uint8_t able) {
    std::size_t skip = chance.below(static_cast<std::size_t>(std::popcount(able)));
    unsigned rest = able;
    while (skip-- != 0)
        rest &= rest - 1;
    return static_cast<std::uint8_t>(std::countr_zero(rest));
}

// Returns whether the run's turns choose the actor that continues here.
bool planned_here(const Actor& actor) {
    return turn_planned + 1 < run->turn_count && run->turns[turn_planned].until == actor.steps;
}

bool stopped() {
    return me == nullptr || me->finished || me->waits_for != nullptr;
}

std::uint8_t choose(std::uint8_t able) {
    const bool can_go_on = !stopped();
    if (me == nullptr ? run->turn_count != 0 : planned_here(*me)) {
        if (me != nullptr) ++turn_planned;
        const std::uint8_t next = run->turns[turn_planned].actor;
        if ((able >> next & 1) == 0) fail("the schedule does not fit: an actor that should go on cannot");
        return next;
    }
    if (turn_planned + 1 < run->turn_count) {
        if (!can_go_on) fail("the schedule does not fit: an actor stopped before the end of its turn");
        return me->number;
    }
    if (run->seed != 0 && (!can_go_on || chance.chance(switch_percent))) return any_of(able);
    return can_go_on ? me->number : first_of(able);
}

void give_turn(Actor& actor) {
    ++turns_taken;
    if (actor.waits_for != nullptr) { // the wait has a timeout
        actor.waits_for = nullptr;
        actor.timed_out = true;
        ++actor.timeouts;
    }
    set_and_wake(actor.turn);
}

[[noreturn]] void fail_in_deadlock() {
    char text[300];
    int length = std::snprintf(text, sizeof(text), "deadlock: nobody can go on; waiting are");
    for (unsigned a = 0; a < actor_count; ++a) {
        if (actors[a].finished || actors[a].waits_for == nullptr) continue;
        length +=
            std::snprintf(text + length, sizeof(text) - static_cast<std::size_t>(length), " actor %u", a);
    }
    fail(text);
}

// Chooses the next actor. The calling actor, if any, is at a point, cannot continue, or has ended.
void decide(Place place) {
    const std::uint8_t able = able_actors();
    if (able == 0) {
        if (!scenario_over()) fail_in_deadlock();
        set_and_wake(all_done);
        if (!me->finished) wait_for_turn(*me); // never returns
        return;
    }
    const std::uint8_t mine = me != nullptr ? me->number : kNobody;
    const std::uint8_t next = choose(able);
    if (std::popcount(able) > 1 || next != mine) {
        if (run->decision_count == Run::kMaxDecisions) fail("too many decisions: do the actors ever end?");
        run->decisions[run->decision_count++] = {place,    me != nullptr ? me->steps : 0, mine, next, able,
                                                 stopped()};
    }
    if (next == mine) {
        if (me->waits_for != nullptr) {
            give_turn(*me);
            wait_for_turn(*me);
        }
        return;
    }
    give_turn(actors[next]);
    if (me != nullptr && !me->finished) wait_for_turn(*me);
}

void count_step() {
    if (++me->steps == kMostSteps) fail("too many steps: does the actor ever end?");
}

void end_actor(void* /*value*/) {
    count_step();
    me->finished = true;
    decide(nullptr);
    me = nullptr;
}

// Runs an actor. It ends with its thread, in the last of its key destructors.
void* act(void* argument) {
    Actor& actor = *static_cast<Actor*>(argument);
    actor.stack = static_cast<const char*>(__builtin_frame_address(0));
    wait_for_turn(actor);
    me = &actor;
    if (actor.servant()) return actor.function(actor.argument);
    ::pthread_setspecific(last_key, &actor);
    actor.body();
    return nullptr;
}

void start_actor(Actor& actor) {
    actor.number = static_cast<std::uint8_t>(actor_count++);
    if (__real_pthread_create(&actor.thread, nullptr, act, &actor) != 0) fail("no thread could be started");
}

// Returns whether this is a forked child, where the forking actor is an ordinary thread and the only one.
bool alone() {
    if (!forking || ::getpid() == process) return false;
    me = nullptr;
    return true;
}

} // namespace

void fail(const char* why) {
    if (run == nullptr) {
        std::fprintf(stderr, "FAILED before any run: %s\n", why);
        std::abort();
    }
    // A child's own message tells more than the fact that the child failed.
    if (run->failure[0] == '\0') std::snprintf(run->failure.data(), run->failure.size(), "%s", why);
    ::_exit(1);
}

void fail_with_race(Place first, Place second, const char* accesses) {
    run->failure_at = {first, second};
    char text[100];
    std::snprintf(text, sizeof(text), "data race: %s that nothing orders", accesses);
    fail(text);
}

void watch(const volatile void* word) {
    cell_of(word).watched = true;
}

void play(const Scenario& scenario, Run& its_run) {
    run = &its_run;
    at_each_write = scenario.at_each_write;
    process = ::getpid();
    if (run->seed != 0) {
        chance = common::Random(run->seed);
        switch_percent = 3U << chance.below(5);
    }
    // Makes this key after the own key of the code under test, which that makes at its first call.
    // Destructors run in this order.
    if (!ashlar::os::call_at_thread_exit()) fail("no key for the code under test");
    if (::pthread_key_create(&last_key, end_actor) != 0) fail("no key");
    ordering.start();
    for (void (*const body)() : scenario.actors) {
        Actor& actor = actors[actor_count];
        actor.body = body;
        start_actor(actor);
    }
    decide(nullptr);
    const timespec patience{kPatience, 0};
    while (all_done.load(std::memory_order_acquire) == 0) {
        sleep_while(all_done, 0, &patience);
        if (all_done.load(std::memory_order_acquire) == 0) fail("hung: an actor does not come back");
    }
    for (unsigned a = 0; a < actor_count; ++a) {
        if (!actors[a].servant()) ::pthread_join(actors[a].thread, nullptr);
    }
    scenario.check();
}

bool child_agrees(bool (*body)()) {
    forking = true;
    const pid_t pid = ::fork();
    if (pid == 0) {
        alone();
        ::alarm(kPatience / 2);
        ::_exit(body() ? 0 : 1);
    }
    forking = false;
    int status = -1;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool servant_sleeps_for_ever() {
    return std::any_of(actors.begin(), actors.begin() + actor_count, [](const Actor& actor) {
        return actor.servant() && actor.waits_for != nullptr && !actor.timed;
    });
}

bool acting() {
    return me != nullptr;
}

void come_to_atomic(const volatile void* word, Kind kind, Place place) {
    if (me == nullptr || alone()) return;
    count_step();
    Cell& cell = cell_of(word);
    const bool contended = ordering.contend(me->number, cell, kind != Kind::kLoad);
    if (!cell.watched) {
        if (contended && !cell.told && run->word_count < Run::kMaxWords) {
            cell.told = true;
            run->words[run->word_count++] = word;
        }
        if (!planned_here(*me)) return;
    }
    // Repeated reads of a word that no actor can have changed, as in a spin loop, need no decision.
    const bool again = kind == Kind::kLoad && me->read_last == word && me->read_at == turns_taken;
    if (!again || planned_here(*me)) decide(place);
    me->read_last = kind == Kind::kLoad ? word : nullptr;
    me->read_at = turns_taken;
}

void acquired(const volatile void* word) {
    if (me != nullptr) ordering.acquire(me->number, cell_of(word));
}

void released(const volatile void* word, Release release) {
    if (me == nullptr) return;
    Cell& cell = cell_of(word);
    switch (release) {
    case Release::kMore:
        ordering.release_more(me->number, cell);
        break;
    case Release::kAnew:
        ordering.release(me->number, cell);
        break;
    case Release::kNothing:
        Ordering::release_nothing(cell);
        break;
    }
}

void come_to_call(Place place) {
    if (me == nullptr || alone()) return;
    count_step();
    me->read_last = nullptr;
    decide(place);
}

void accessed(const volatile void* address, std::size_t size, bool write, Place place) {
    if (me == nullptr || alone()) return;
    // Other actors do not access this actor's frames.
    const auto* const here = static_cast<const char*>(__builtin_frame_address(0));
    const auto* const at = static_cast<const volatile char*>(address);
    if (at >= here && at < me->stack) return;
    const bool thread_local_too = at >= here && at < static_cast<const char*>(__builtin_thread_pointer());
    if (at_each_write && write && !thread_local_too) come_to_call(place);
    if (me == nullptr) return; // in a forked child
    ordering.access(me->number, address, size, write, place);
}

long futex_wait(const std::uint32_t* word, std::uint32_t value, bool timed, Place place) {
    if (me != nullptr) come_to_call(place); // it may be alone afterwards
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
        return -EAGAIN;
    }
    if (me == nullptr) fail("a lock was left taken: nobody is there to release it");
    me->waits_for = word;
    me->place_in_line = ++last_in_line;
    me->timed = timed;
    me->timed_out = false;
    count_step();
    decide(place);
    return me->timed_out ? -ETIMEDOUT : 0;
}

long futex_wake(const std::uint32_t* word, std::uint32_t most, Place place) {
    come_to_call(place);
    long woken = 0;
    while (woken < static_cast<long>(most)) {
        Actor* first = nullptr;
        for (Actor& actor : actors) {
            if (actor.waits_for != word || (first != nullptr && first->place_in_line < actor.place_in_line)) {
                continue;
            }
            first = &actor;
        }
        if (first == nullptr) break;
        first->waits_for = nullptr;
        ++woken;
    }
    return woken;
}

int start_servant(void* (*function)(void*), void* argument) {
    if (actor_count == kMaxActors) return EAGAIN;
    Actor& actor = actors[actor_count];
    actor.function = function;
    actor.argument = argument;
    ordering.begin(actor_count, me->number);
    start_actor(actor);
    return 0;
}

} // namespace schedules
