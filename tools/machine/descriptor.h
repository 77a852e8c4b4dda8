// SPDX-License-Identifier: MIT
// A file descriptor that closes itself.
#pragma once

#include <unistd.h>
#include <utility>

namespace ashlar::machine {

class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, kNone)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            close();
            number_ = std::exchange(other.number_, kNone);
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }

    int number() const { return number_; }
    bool open() const { return number_ != kNone; }
    // Returns the number, and the caller owns it.
    int release() { return std::exchange(number_, kNone); }
    void close() {
        if (open()) {
            ::close(std::exchange(number_, kNone));
        }
    }

  private:
    static constexpr int kNone = -1;
    int number_ = kNone;
};

} // namespace ashlar::machine
