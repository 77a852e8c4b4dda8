// SPDX-License-Identifier: MIT
#include "profile/read_recording.h"

#include "machine/descriptor.h"
#include "profile/address_space.h"
#include "profile/heap_v2_file.h"
#include "profile/records.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace ashlar::profile {

namespace {

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool begins_as_heap_v2(std::span<const std::byte> bytes) {
    return as_text(bytes).starts_with(kHeapV2);
}

// Reads the file up to the end of the space handed out to writers. A large file can be nearly empty.
std::vector<std::byte> read_used_part(const std::filesystem::path& path) {
    const auto fail = [&](int error) {
        throw std::runtime_error(
            fmt::format("cannot read {}: {}", path.string(), std::generic_category().message(error)));
    };
    // O_NONBLOCK: otherwise the open of a FIFO blocks until it has a writer.
    const machine::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts {};
    if (!file.open() || fstat(file.number(), &facts) != 0) {
        fail(errno);
    }
    if (!S_ISREG(facts.st_mode)) {
        throw std::runtime_error(fmt::format("{} is no file that can be read as a profile", path.string()));
    }
    std::vector<std::byte> bytes;
    const auto extend = [&](std::size_t size) {
        std::size_t place = bytes.size();
        bytes.resize(std::max(size, place));
        while (place < bytes.size()) {
            const ssize_t length =
                pread(file.number(), bytes.data() + place, bytes.size() - place, static_cast<off_t>(place));
            if (length < 0 && errno != EINTR) {
                fail(errno);
            }
            if (length == 0) { // truncated while it is read
                bytes.resize(place);
            }
            place += static_cast<std::size_t>(std::max<ssize_t>(length, 0));
        }
    };
    const auto file_size = static_cast<std::size_t>(facts.st_size);
    extend(std::min(file_size, sizeof(format::FileHeader)));
    if (bytes.size() == sizeof(format::FileHeader)) {
        const auto header = front_of<format::FileHeader>(bytes);
        if (begins_as_heap_v2(bytes)) {
            extend(file_size);
        } else if (header.magic == format::kMagic) {                 // any other format may be of any size
            constexpr std::uint64_t kEnded = std::uint64_t{1} << 63; // set when recording ends in order
            extend(std::min<std::size_t>(file_size, header.reserved & ~kEnded));
        }
    }
    return bytes;
}

format::FileHeader checked_header(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    const auto header = front_of<format::FileHeader>(bytes);
    const auto refuse = [&](std::string_view why) {
        throw std::runtime_error(fmt::format("{} {}", path.string(), why));
    };
    if (bytes.empty()) {
        refuse("is empty: the program ended before it recorded anything");
    }
    if (header.magic != format::kMagic) {
        refuse("is no profile of Ashlar; `ashlar profile -- CMD` records one");
    }
    if (bytes.size() < sizeof(format::FileHeader)) {
        refuse("is cut off within its first lines, so nothing in it can be read");
    }
    if (header.version != format::kVersion) {
        refuse(fmt::format(
            "is of version {} of the format, and this program reads version {}: use the `ashlar` that "
            "came with the library that recorded it",
            header.version, format::kVersion));
    }
    return header;
}

template <std::size_t kSize>
std::string text_of(const std::array<char, kSize>& field) {
    return {field.data(), strnlen(field.data(), field.size())};
}

std::vector<std::uint64_t> numbers_of(std::span<const std::byte> bytes, std::uint64_t most) {
    std::vector<std::uint64_t> numbers(std::min<std::uint64_t>(most, bytes.size() / sizeof(std::uint64_t)));
    if (!numbers.empty()) {
        std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(std::uint64_t));
    }
    return numbers;
}

class Builder {
  public:
    explicit Builder(Recording& recording) : recording_(recording) {}

    void take(const Record& record) {
        using Kind = format::Kind;
        switch (record.kind) {
        case Kind::kStack:
            return add_stack(record.payload);
        case Kind::kMap:
            return add_map(record.payload);
        case Kind::kThread:
            return add_thread(record.payload);
        case Kind::kAllocate:
            return add_sample(record.payload);
        case Kind::kFree:
            frees_.push_back(front_of<format::Free>(record.payload));
            return saw(frees_.back().time);
        case Kind::kCountNames:
            return take_count_names(record.payload);
        case Kind::kCounts:
            return add_counts(record.payload);
        case Kind::kPinned:
            pinned_.push_back(front_of<format::Pinned>(record.payload));
            return;
        case Kind::kMark:
            return add_mark(record.payload);
        case Kind::kCpu:
            return add_cpu_sample(record.payload);
        case Kind::kCpuTime:
            recording_.cpu_time = front_of<format::CpuTime>(record.payload);
            return saw(recording_.cpu_time->time);
        case Kind::kLocks:
        case Kind::kLockThreads:
        case Kind::kLockTallies:
        case Kind::kLockOrder:
        case Kind::kLongWait:
            return take_locks(record);
        case Kind::kUnfinished:
            return;
        }
        // A newer program wrote a kind of record that this one does not know.
    }

    // Applies records that refer to samples, which may follow later in the file.
    void finish() {
        for (const format::Free& freed : frees_) {
            if (Sample* const sample = find(freed.sample); sample != nullptr) {
                sample->freed = std::max(freed.time, sample->time);
                sample->allocated_when_freed = std::max(freed.allocated, sample->allocated);
            }
        }
        for (const format::Pinned& pinned : last_dump_.empty() ? pinned_ : last_dump_) {
            if (Sample* const sample = find(pinned.sample); sample != nullptr) {
                sample->pinned = static_cast<double>(pinned.bytes);
                sample->age_when_pinned = pinned.age;
            }
        }
        recording_.usual_distance = usual_distance();
        number_stacks_of_locks();
        for (Stack& stack :
             recording_.stacks) { // resolve again: the mapping came later, or its first record was damaged
            for (Address& address : stack) {
                address = address.object == kNoObject ? space_.resolve(address.value) : address;
            }
        }
    }

  private:
    // Takes a record of the lock profiler.
    void take_locks(const Record& record) {
        using namespace lock_format;
        LockTables& tables = recording_.locks;
        switch (record.kind) {
        case format::Kind::kLocks:
            return for_each_row<LockRow>(record, [&](std::uint64_t number, const LockRow& row) {
                if (row.kind != LockKind::kNone) {
                    tables.locks[number] = row;
                }
            });
        case format::Kind::kLockThreads:
            return for_each_row<ThreadRow>(record, [&](std::uint64_t number, const ThreadRow& row) {
                if (row.tid != 0) {
                    tables.threads[number] = row;
                }
            });
        case format::Kind::kLockTallies:
            return for_each_row<TallyRow>(record, [&](std::uint64_t /*number*/, const TallyRow& row) {
                if (row.key != 0 && row.count != 0) {
                    tables.tallies.push_back(row);
                }
            });
        case format::Kind::kLockOrder:
            return for_each_row<OrderRow>(record, [&](std::uint64_t /*number*/, const OrderRow& row) {
                if (row.key != 0 && row.count != 0) {
                    tables.orders.push_back(row);
                }
            });
        default:
            tables.long_waits.push_back(front_of<LongWait>(record.payload));
            return saw(tables.long_waits.back().begin + tables.long_waits.back().nanoseconds);
        }
    }

    template <class Row, class Visit>
    static void for_each_row(const Record& record, Visit visit) {
        if (record.row_size == 0) {
            return;
        }
        for (std::size_t row = 0; (row + 1) * record.row_size <= record.payload.size(); ++row) {
            visit(record.first + row,
                  front_of<Row>(record.payload.subspan(row * record.row_size, record.row_size)));
        }
    }

    std::uint32_t index_of_stack(std::uint64_t number) const {
        const auto found = stacks_.find(static_cast<std::uint32_t>(number));
        return found == stacks_.end() ? 0 : found->second;
    }

    void number_stacks_of_locks() {
        using lock_format::Of;
        LockTables& tables = recording_.locks;
        for (auto& [number, lock] : tables.locks) {
            lock.first_stack = index_of_stack(lock.first_stack);
        }
        for (auto& [number, thread] : tables.threads) {
            thread.stack = index_of_stack(thread.stack);
        }
        for (lock_format::TallyRow& tally : tables.tallies) {
            const auto of = lock_format::of_tally(tally.key);
            if (of == Of::kWaitsByStack || of == Of::kBlocksByStack || of == Of::kHoldsByStack) {
                tally.key = lock_format::tally_key(lock_format::lock_of_tally(tally.key), of,
                                                   index_of_stack(lock_format::number_of_tally(tally.key)));
            }
        }
        for (lock_format::OrderRow& order : tables.orders) {
            order.stack = index_of_stack(order.stack);
        }
        for (lock_format::LongWait& wait : tables.long_waits) {
            wait.stack = index_of_stack(wait.stack);
        }
    }

    void saw(std::uint64_t time) { recording_.end = std::max(recording_.end, time); }

    Sample* find(std::uint64_t number) {
        const auto found = samples_.find(number);
        return found == samples_.end() ? nullptr : &recording_.samples[found->second];
    }

    void add_stack(std::span<const std::byte> payload) {
        const auto head = front_of<format::Stack>(payload);
        Stack stack;
        for (const std::uint64_t address : numbers_of(rest_of<format::Stack>(payload), head.frames)) {
            stack.push_back(space_.resolve(address));
        }
        stacks_[head.id] = static_cast<std::uint32_t>(recording_.stacks.size());
        recording_.stacks.push_back(std::move(stack));
    }

    void add_map(std::span<const std::byte> payload) {
        const auto map = front_of<format::Map>(payload);
        const auto rest = rest_of<format::Map>(payload);
        LoadedObject object{.path = {reinterpret_cast<const char*>(rest.data()),
                                     std::min<std::size_t>(map.path_length, rest.size())},
                            .build_id = {reinterpret_cast<const char*>(map.build_id.data()),
                                         std::min<std::size_t>(map.build_id_length, map.build_id.size())}};
        const auto [place, is_new] =
            objects_.try_emplace(std::move(object), static_cast<std::uint32_t>(recording_.objects.size()));
        if (is_new) {
            recording_.objects.push_back(place->first);
        }
        if (map.begin < map.end) {
            recording_.mappings.push_back(
                {.begin = map.begin, .end = map.end, .offset = map.offset, .object = place->second});
            space_.add(recording_.mappings.back());
        }
    }

    void add_thread(std::span<const std::byte> payload) {
        const auto thread = front_of<format::Thread>(payload);
        threads_[thread.number] = static_cast<std::uint32_t>(recording_.threads.size());
        recording_.threads.push_back(
            {.number = thread.number, .tid = thread.tid, .name = text_of(thread.name)});
    }

    static std::uint32_t index_in(const std::unordered_map<std::uint32_t, std::uint32_t>& known,
                                  std::uint32_t key) {
        const auto found = known.find(key);
        return found == known.end() ? 0U : found->second;
    }

    void add_cpu_sample(std::span<const std::byte> payload) {
        const auto record = front_of<format::Cpu>(payload);
        recording_.cpu_samples.push_back({.time = record.time,
                                          .microseconds = static_cast<double>(record.microseconds),
                                          .stack = index_in(stacks_, record.stack),
                                          .thread = index_in(threads_, record.thread),
                                          .in_allocator = record.where == 1});
        saw(record.time);
    }

    double usual_distance() const {
        double bytes = 0;
        double sum = 0;
        for (const Sample& sample : recording_.samples) {
            bytes += sample.bytes;
            sum += sample.bytes * static_cast<double>(sample.distance);
        }
        return bytes > 0 ? sum / bytes : static_cast<double>(recording_.rate);
    }

    void add_sample(std::span<const std::byte> payload) {
        const auto record = front_of<format::Allocate>(payload);
        constexpr double kFixedPoint = 1024;
        samples_[record.sample] = recording_.samples.size();
        recording_.samples.push_back({.time = record.time,
                                      .size = record.size,
                                      .bytes = static_cast<double>(record.weight),
                                      .blocks = static_cast<double>(record.blocks) / kFixedPoint,
                                      .allocated = record.allocated,
                                      .stack = index_in(stacks_, record.stack),
                                      .thread = index_in(threads_, record.thread),
                                      .distance = record.distance != 0 ? record.distance : recording_.rate,
                                      .freed = {}});
        recording_.allocated = std::max(recording_.allocated, record.allocated);
        recording_.longest_distance =
            std::max(recording_.longest_distance, recording_.samples.back().distance);
        saw(record.time);
    }

    void take_count_names(std::span<const std::byte> payload) {
        const auto head = front_of<format::CountNames>(payload);
        const auto rest = rest_of<format::CountNames>(payload);
        std::string_view names(reinterpret_cast<const char*>(rest.data()),
                               std::min<std::size_t>(head.bytes, rest.size()));
        recording_.count_names.clear();
        recording_.counts.clear(); // the columns have changed
        while (!names.empty() && recording_.count_names.size() < head.count) {
            const std::size_t end = std::min(names.find('\0'), names.size());
            recording_.count_names.emplace_back(names.substr(0, end));
            names.remove_prefix(std::min(end + 1, names.size()));
        }
    }

    void add_counts(std::span<const std::byte> payload) {
        const auto head = front_of<format::Counts>(payload);
        CountsRow row{.time = head.time, .values = numbers_of(rest_of<format::Counts>(payload), head.count)};
        row.values.resize(recording_.count_names.size());
        recording_.counts.push_back(std::move(row));
        saw(head.time);
    }

    void add_mark(std::span<const std::byte> payload) {
        const auto mark = front_of<format::Mark>(payload);
        recording_.moments.push_back({.time = mark.time, .reason = mark.reason, .live = mark.live});
        recording_.allocated = std::max(recording_.allocated, mark.allocated);
        recording_.exited |= mark.reason == format::Reason::kExit;
        if (ends_dump(mark.reason)) {
            last_dump_ = std::exchange(pinned_, {});
        }
        saw(mark.time);
    }

    // Returns whether a mark with this reason follows a dump of pinned blocks.
    static bool ends_dump(format::Reason reason) {
        using Reason = format::Reason;
        return reason == Reason::kDump || reason == Reason::kHighWater || reason == Reason::kInterval ||
               reason == Reason::kStop || reason == Reason::kExit;
    }

    Recording& recording_;
    AddressSpace space_;
    std::map<LoadedObject, std::uint32_t> objects_;
    std::unordered_map<std::uint32_t, std::uint32_t> stacks_;
    std::unordered_map<std::uint32_t, std::uint32_t> threads_;
    std::unordered_map<std::uint64_t, std::size_t> samples_;
    std::vector<format::Free> frees_;
    std::vector<format::Pinned> pinned_;    // records since the last mark of a dump
    std::vector<format::Pinned> last_dump_; // records of the last complete dump
};

} // namespace

Recording read_recording(const std::filesystem::path& file) {
    const std::vector<std::byte> bytes = read_used_part(file);
    if (begins_as_heap_v2(bytes)) {
        try {
            Recording recording = parse_heap_v2(as_text(bytes));
            recording.file = file;
            return recording;
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(fmt::format("{}: {}", file.string(), error.what()));
        }
    }
    const format::FileHeader header = checked_header(file, bytes);
    Recording recording;
    recording.file = file;
    recording.program = text_of(header.program);
    recording.pid = header.pid;
    recording.parent = header.parent;
    recording.started_realtime = header.start_realtime;
    recording.process_started_realtime = header.start_realtime;
    recording.start = header.start_monotonic;
    recording.end = header.start_monotonic;
    recording.rate = header.rate;
    recording.longest_distance = header.rate;
    recording.state = header.state;
    recording.lost = header.lost;
    constexpr std::uint64_t kEnded = std::uint64_t{1} << 63;
    recording.is_truncated = bytes.size() < std::min(header.reserved & ~kEnded, header.capacity);

    Builder builder(recording);
    const std::size_t first = std::clamp<std::size_t>(header.header_size, sizeof header, bytes.size());
    const std::span<const std::byte> all = bytes;
    RecordReader reader(all.subspan(first));
    while (const std::optional<Record> record = reader.next()) {
        builder.take(*record);
    }
    builder.finish();
    recording.unfinished = reader.unfinished();
    recording.damaged = reader.damaged();
    return recording;
}

} // namespace ashlar::profile
