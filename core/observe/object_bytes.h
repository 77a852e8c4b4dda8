// SPDX-License-Identifier: MIT
//
// Takes the bytes of a loaded object in order, and never reads outside of the object. The kernel copies
// memory that another thread may unmap, in small pieces. Memory that lasts as long as the process is read in
// place. After a failure all values taken are zero.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ashlar::observe {

struct ObjectExtent {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uintptr_t lasting_begin = 0; // readable part that is never unmapped, or nothing
    std::uintptr_t lasting_end = 0;
};

class ObjectBytes {
  public:
    explicit ObjectBytes(const ObjectExtent& extent) : extent_(extent), at_(extent.begin) {}
    ObjectBytes(const ObjectBytes&) = delete;
    ObjectBytes& operator=(const ObjectBytes&) = delete;

    std::uintptr_t begin() const { return extent_.begin; }
    std::uintptr_t end() const { return extent_.end; }
    std::uintptr_t at() const { return at_; }
    void go_to(std::uintptr_t address) { at_ = address; }
    void skip(std::uint64_t bytes) { at_ += bytes; }

    bool failed() const { return failed_; }
    void fail() { failed_ = true; }

    template <typename Value>
    Value take() {
        static_assert(sizeof(Value) <= sizeof(std::uint64_t));
        Value value{};
        if (!has(sizeof value)) return value;
        std::memcpy(&value, piece_ + (at_ - piece_start_), sizeof value);
        at_ += sizeof value;
        return value;
    }

    std::uint64_t take_unsigned(); // LEB128
    std::int64_t take_signed();

    // Takes a value with an encoding of DW_EH_PE_*. Does not follow `indirect` values. Relative values are
    // relative to their own place or to `data`. If `plain`, only the format matters, as for a length.
    std::uint64_t take_encoded(std::uint8_t encoding, std::uintptr_t data, bool plain = false);

  private:
    static constexpr std::size_t kPiece = 128;

    bool has(std::size_t size) {
        if (at_ - piece_start_ < piece_size_ && piece_size_ - (at_ - piece_start_) >= size) return !failed_;
        return load(size);
    }
    bool load(std::size_t size);
    bool copy(std::size_t size);

    const ObjectExtent& extent_;
    std::uintptr_t at_;
    const unsigned char* piece_ = nullptr; // piece of the object, in place or copied
    std::uintptr_t piece_start_ = 0;
    std::size_t piece_size_ = 0;
    bool failed_ = false;
    std::array<unsigned char, kPiece> copy_;
};

} // namespace ashlar::observe
