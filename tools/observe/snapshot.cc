// SPDX-License-Identifier: MIT
#include "observe/snapshot.h"

#include "observe/untouched.h"
#include "process/stacks.h"

#include <algorithm>
#include <cerrno>

namespace ashlar::observe {

namespace {

std::optional<process::Status> read_status(const process::Files& files) {
    const auto text = files.read("status");
    return text ? process::parse_status(*text) : std::nullopt;
}

// Moves the untouched memory of huge pages from the parts that contain it to kHugeExcess.
void find_untouched(const process::Memory& memory, const process::Residency& residency,
                    const HeapMemory& heap, Ledger& ledger) {
    ledger.note_untouched(Part::kLive, untouched_bytes(memory, heap.huge_in_use));
    for (const Part part : {Part::kStacks, Part::kOther}) {
        std::vector<process::PageSpan> huge;
        for (const auto& [its_part, mapping] : ledger.with_huge_pages) {
            if (its_part != part) {
                continue;
            }
            // Where the kernel does not mark huge pages, use mappings that are more than 90 % huge.
            const bool are_all_huge = mapping.huge > mapping.rss / 10 * 9;
            for (const process::PageSpan& span :
                 residency.spans(mapping.begin, mapping.end).value_or(std::vector<process::PageSpan>())) {
                if (residency.knows_huge() ? span.is_huge : span.is_present && are_all_huge) {
                    huge.push_back(span);
                }
            }
        }
        ledger.note_untouched(part, untouched_bytes(memory, huge));
    }
}

} // namespace

Subject::Subject(pid_t process) : files_(process), memory_(process) {
    if (files_.found()) {
        look();
    }
}

void Subject::look() {
    const auto status = read_status(files_);
    const auto stat = files_.read("stat");
    if (!status || !stat) {
        return;
    }
    status_ = *status;
    start_time_ = process::parse_start_time(*stat).value_or(0);
    if (!status_.has_memory) {
        state_ = State::kNoMemory;
        return;
    }
    const auto maps = files_.read("maps");
    if (!maps) {
        if (errno == EACCES || errno == EPERM) {
            state_ = State::kSums;
            refusal_ = explain_refusal(access_facts(files_, status_));
        }
        return;
    }
    const auto mappings = process::parse_mappings(*maps);
    if (mappings.empty()) {
        state_ = State::kNoMemory;
        return;
    }
    search_ = find_library(memory_, mappings);
    switch (search_.found) {
    case Found::kLibrary:
        state_ = State::kReadable;
        break;
    case Found::kNone: { // none, or it was ending, so that its memory is gone
        const auto after = read_status(files_);
        state_ = !after ? State::kGone : after->has_memory ? State::kNotAshlar : State::kNoMemory;
        break;
    }
    case Found::kOtherVersion:
        state_ = State::kOtherAshlar;
        break;
    case Found::kForbidden:
        state_ = search_.path.empty() ? State::kNotAshlar : State::kMappings;
        refusal_ = explain_refusal(access_facts(files_, status_));
        break;
    case Found::kGone:
        break;
    }
}

bool Subject::is_still_there() const {
    return files_.is_alive() && (!search_.library || observe::is_still_there(memory_, *search_.library));
}

std::optional<HeapReading> Subject::read_heap() const {
    return search_.library ? observe::read_heap(memory_, *search_.library) : std::nullopt;
}

std::optional<ProfileState> Subject::profile_state() const {
    if (!search_.library) {
        return std::nullopt;
    }
    return read_profile_state([this](process::Address from, void* to,
                                     std::size_t size) { return memory_.read_bytes(from, to, size); },
                              search_.library->tables);
}

std::optional<Snapshot> Subject::read() const {
    Snapshot snapshot;
    snapshot.time = std::chrono::steady_clock::now();
    const auto status = read_status(files_);
    if (!status || !status->has_memory) {
        return std::nullopt;
    }
    snapshot.status = *status;
    if (state_ == State::kSums) {
        snapshot.ledger = ledger_of(*status);
        return snapshot;
    }
    const auto smaps = files_.read("smaps");
    if (!smaps) {
        return std::nullopt;
    }
    const auto mappings = process::parse_mappings(*smaps);
    const auto stacks = process::find_stacks(mappings, process::stack_pointers(files_));
    if (!search_.library) {
        snapshot.ledger = ledger_of(*status, mappings, stacks);
        return is_still_there() ? std::optional(std::move(snapshot)) : std::nullopt;
    }
    const auto place = heap_place(memory_, *search_.library);
    const process::Residency residency(files_);
    snapshot.heap = read_heap();
    snapshot.memory = place ? map_heap(memory_, *search_.library, *place, residency) : std::nullopt;
    if (!snapshot.heap || !snapshot.memory || !is_still_there()) {
        return std::nullopt;
    }
    snapshot.ledger = ledger_of(*status, mappings, stacks,
                                {.place = *place, .reading = *snapshot.heap, .memory = *snapshot.memory});
    find_untouched(memory_, residency, *snapshot.memory, snapshot.ledger);
    return snapshot;
}

} // namespace ashlar::observe
