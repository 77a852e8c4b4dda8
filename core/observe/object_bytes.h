// SPDX-License-Identifier: MIT
//
// The bytes of a loaded object, taken one after another. What lies outside of the object is never read. What
// another thread may unmap meanwhile comes through the kernel, a small piece at a time. What stays as long as
// the process does is read in place. After a failure everything taken is zero.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ashlar::observe {

struct ObjectExtent {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uintptr_t lasting_begin = 0; // a part of it that is readable and never unmapped, or nothing
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

    // As DW_EH_PE_* says; `indirect` ones are not followed, relative ones are relative to their own place or
    // to `data`. With `plain` only the format counts: a length.
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
    const unsigned char* piece_ = nullptr; // of the object, in place or copied
    std::uintptr_t piece_start_ = 0;
    std::size_t piece_size_ = 0;
    bool failed_ = false;
    std::array<unsigned char, kPiece> copy_;
};

} // namespace ashlar::observe
