// SPDX-License-Identifier: MIT
#include "observe/sampler.h"

#include <algorithm>

namespace ashlar::observe {

void Sampler::begin(std::size_t least, std::size_t first, std::size_t percent, const Clocks& clocks) {
    clocks_ = &clocks;
    is_new_ = true;
    asked_ = 0;
    pacing_.begin(least, first, percent);
    if (pacing_.is_bounded()) pacing_.choose(clocks.now(), clocks.processor_time());
}

bool Sampler::reaches_point(std::size_t size, std::size_t excess) {
    const std::size_t current = pacing_.distance();
    if (current != 1) {
        const std::size_t gap = gap_before(size, excess);
        is_new_ = false;
        if (gap >= size) {
            go_on(gap - size);
            return false;
        }
        before_ = gap;
        asked_ = pacing_.count() ? clocks_->processor_time() : 0;
        choose_distance();
        count_down(gaps_.next(pacing_.distance()));
    }
    distance_ = current;
    return true;
}

// Returns the bytes before the next point, from the start of the present request.
std::size_t Sampler::gap_before(std::size_t size, std::size_t excess) {
    // Some requests were not passed to the sampler (the heap was closed), so `left_` is no longer valid.
    if (is_new_ || excess > size) return gaps_.next(pacing_.distance());
    return size - excess + left_;
}

void Sampler::go_on(std::size_t gap) {
    const auto before = static_cast<double>(pacing_.distance());
    if (choose_distance()) {
        gap = static_cast<std::size_t>(static_cast<double>(gap) / before *
                                       static_cast<double>(pacing_.distance()));
    }
    count_down(gap);
}

// Sets the next point behind `gap` bytes. A thread with distant points checks the time in between.
void Sampler::count_down(std::size_t gap) {
    allowance_ = pacing_.is_stretched() ? std::min(gap, pacing_.distance()) : gap;
    left_ = gap - allowance_;
}

// Chooses the distance of later requests. Returns true if it may have changed.
bool Sampler::choose_distance() {
    const std::uint64_t time = pacing_.is_stretched() ? clocks_->now() : 0;
    if (!pacing_.is_over(time)) return false;
    pacing_.choose(time != 0 ? time : clocks_->now(), clocks_->processor_time());
    return true;
}

std::uint64_t Sampler::points_in_sample(std::size_t size) {
    return gaps_.points(size, before_, distance_);
}

void Sampler::finish_sample() {
    if (asked_ != 0) pacing_.measured(clocks_->processor_time() - asked_);
    asked_ = 0;
}

} // namespace ashlar::observe
