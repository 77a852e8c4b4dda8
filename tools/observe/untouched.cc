// SPDX-License-Identifier: MIT
#include "observe/untouched.h"

#include <algorithm>
#include <random>

namespace ashlar::observe {

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMostSamples = 512;

bool is_zero(const unsigned char* page) {
    return std::all_of(page, page + kPage, [](unsigned char each) { return each == 0; });
}

} // namespace

std::uint64_t untouched_bytes(const process::Memory& memory, const std::vector<process::PageSpan>& spans) {
    std::uint64_t pages = 0;
    for (const process::PageSpan& span : spans) {
        pages += span.size() / kPage;
    }
    const std::uint64_t samples = std::min(pages, kMostSamples);
    if (samples == 0) {
        return 0;
    }
    // Takes a random page from each of `samples` equal parts, because blocks often lie at even distances.
    std::mt19937_64 random(
        1); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same pages each time show what changes
    std::vector<std::uint64_t> chosen(samples);
    for (std::uint64_t index = 0; index < samples; ++index) {
        const std::uint64_t begin = index * pages / samples;
        chosen[index] = begin + random() % ((index + 1) * pages / samples - begin);
    }
    std::vector<unsigned char> bytes(samples * kPage);
    std::vector<process::Memory::Piece> pieces;
    std::uint64_t before = 0; // pages of earlier spans
    for (const process::PageSpan& span : spans) {
        const std::uint64_t count = span.size() / kPage;
        while (pieces.size() < samples && chosen[pieces.size()] < before + count) {
            const std::uint64_t index = pieces.size();
            pieces.push_back({.address = span.begin + (chosen[index] - before) * kPage,
                              .to = bytes.data() + index * kPage,
                              .size = kPage});
        }
        before += count;
    }
    if (!memory.read_pieces(pieces)) {
        return 0;
    }
    std::uint64_t read = 0;
    std::uint64_t zero = 0;
    for (const process::Memory::Piece& piece : pieces) {
        read += piece.is_read ? 1 : 0;
        zero += piece.is_read && is_zero(static_cast<const unsigned char*>(piece.to)) ? 1 : 0;
    }
    return read == 0 ? 0
                     : static_cast<std::uint64_t>(static_cast<double>(pages * kPage) *
                                                  static_cast<double>(zero) / static_cast<double>(read));
}

} // namespace ashlar::observe
