// SPDX-License-Identifier: MIT
#include "scene.h"

#include "common/heap.h"
#include "common/stamp.h"
#include "opaque.h"
#include "worker.h"

#include <cstring>

namespace misuse {

namespace {

constexpr unsigned kOperations = 1000;
constexpr std::size_t kLongRow = 12; // blocks on either side, at most
constexpr std::size_t kShortRow = 3; // same for large blocks

void between(Scene& scene, When when) {
    if (when == When::kAfter1000) scene.work.run(kOperations);
    if (when == When::kAfterReuse) scene.work.reuse(scene.block);
}

void offend(Scene& scene, const Kind& kind) {
    if (scene.record.skipped) return;
    scene.record.moment = Moment::kCall;
    kind.offend(scene);
    scene.record.moment = Moment::kLater;
}

} // namespace

void Scene::put_in_row(void* (*allocate)(std::size_t)) {
    const std::size_t row = size <= 65536 ? kLongRow : kShortRow;
    for (std::size_t before = 1 + work.random().below(row); before != 0; --before)
        work.keep_new(size);
    block = static_cast<char*>(contract::opaque(allocate(size)));
    for (std::size_t behind = 1 + work.random().below(row); behind != 0; --behind)
        work.keep_new(size);
}

void Scene::scribble(char* start, std::size_t length) const {
    char* const at = contract::opaque(start);
    switch (seed % 3) {
    case 0:
        std::memset(at, 0, length);
        break;
    case 1:
        std::memset(at, 'A', length);
        break;
    default:
        common::stamp(at, length, seed);
    }
    contract::opaque(at);
}

void play(const Input& input, Record& record) {
    const Kind& kind = *input.kind;
    Scene scene(input, record);
    // Starts the threads first: that may allocate, and could take the very block.
    if (input.thread == Thread::kSame) {
        scene.work.run(static_cast<unsigned>(scene.work.random().below(200)));
        kind.prepare(scene);
        between(scene, input.when);
        offend(scene, kind);
    } else if (input.thread == Thread::kOther) {
        Worker other;
        scene.work.run(static_cast<unsigned>(scene.work.random().below(200)));
        kind.prepare(scene);
        between(scene, input.when);
        other.run([&] {
            offend(scene, kind);
            scene.work.run(kOperations);
        });
    } else {
        {
            Worker owner;
            owner.run([&] {
                scene.work.run(static_cast<unsigned>(scene.work.random().below(200)));
                kind.prepare(scene);
            });
        }
        between(scene, input.when);
        offend(scene, kind);
    }
    scene.work.run(kOperations);
    scene.work.finish();
}

} // namespace misuse
