// SPDX-License-Identifier: MIT
//
// Reads the profiler's file as ashlar/profile_format.h describes. Bytes that violate the format count as
// damage.
#pragma once

#include <ashlar/profile_format.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace unit {

namespace format = ashlar::profile_format;

struct Record {
    format::Kind kind;
    std::string payload;

    template <typename Fields>
    Fields as() const {
        Fields fields{};
        std::memcpy(&fields, payload.data(), std::min(sizeof(fields), payload.size()));
        return fields;
    }
};

struct Records {
    format::FileHeader header{};
    std::vector<Record> all;
    std::size_t size = 0; // of the file, in bytes
    std::size_t holes = 0;
    std::size_t damaged = 0; // in bytes

    explicit Records(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        size = bytes.size();
        if (size < sizeof(header)) return;
        std::memcpy(&header, bytes.data(), sizeof(header));
        std::size_t end = header.reserved & ~(std::uint64_t{1} << 63);
        if (end > size) {
            damaged += end - size;
            end = size;
        }
        for (std::size_t at = header.header_size; at < end;) {
            format::RecordHead head{};
            std::memcpy(&head, &bytes[at], 8);
            if (head.size == 0) {
                holes += 8;
                at += 8;
                continue;
            }
            if (head.size < sizeof(head) || head.size % 8 != 0 || at + head.size > end) {
                damaged += 8;
                at += 8;
                continue;
            }
            std::memcpy(&head, &bytes[at], sizeof(head));
            const char* const payload = &bytes[at] + sizeof(head);
            if (head.kind == format::Kind::kUnfinished) {
                holes += head.size;
            } else if (checksum_of(head, payload) == head.checksum) {
                all.push_back({head.kind, std::string(payload, head.size - sizeof(head))});
            } else {
                damaged += head.size;
            }
            at += head.size;
        }
    }

    // A region's checksum excludes its rows, because rows change.
    static std::uint32_t checksum_of(const format::RecordHead& head, const char* payload) {
        if ((head.flags & format::kIsRegion) == 0) return format::checksum_of(head, payload);
        format::Region region{};
        std::memcpy(&region, payload, sizeof(region));
        return format::checksum_of_region(head, region);
    }

    template <typename Fields>
    std::vector<Fields> of(format::Kind kind) const {
        std::vector<Fields> found;
        for (const Record& record : all) {
            if (record.kind == kind) found.push_back(record.as<Fields>());
        }
        return found;
    }
};

} // namespace unit
