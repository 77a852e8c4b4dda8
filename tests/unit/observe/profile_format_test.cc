// SPDX-License-Identifier: MIT
#include <ashlar/profile_format.h>

#include <array>
#include <catch2/catch.hpp>
#include <string_view>

namespace {

namespace format = ashlar::profile_format;

TEST_CASE("profile format: the checksum is CRC-32C, also in pieces") {
    constexpr std::string_view kDigits = "123456789"; // the check value of every catalogue of CRCs
    REQUIRE(format::crc32c(0, kDigits.data(), kDigits.size()) == 0xE3069283);
    REQUIRE(format::crc32c(format::crc32c(0, "1234", 4), "56789", 5) == 0xE3069283);
}

TEST_CASE("profile format: the checksum covers size, kind, flags and payload, and not itself") {
    struct {
        format::RecordHead head{sizeof(format::RecordHead) + 8, format::Kind::kMark, 0, 0, 0};
        std::array<char, 8> payload{};
    } record;
    const std::uint32_t sum = format::checksum_of(record.head, &record.payload);
    record.head.checksum = sum;
    REQUIRE(format::checksum_of(record.head, &record.payload) == sum);
    record.payload[7] = 1;
    REQUIRE(format::checksum_of(record.head, &record.payload) != sum);
    record.payload[7] = 0;
    record.head.kind = format::Kind::kFree;
    REQUIRE(format::checksum_of(record.head, &record.payload) != sum);
}

} // namespace
