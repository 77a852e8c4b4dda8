// SPDX-License-Identifier: MIT
// Aged heaps for the processes of one run: what they are told by ashlar-precondition.so's variable, and what
// it took. The latter is not measured.
#pragma once

#include "measure/child.h"

#include <filesystem>

namespace ashlar::measure {

class Ageing {
  public:
    explicit Ageing(unsigned mebibytes);
    ~Ageing();
    Ageing(const Ageing&) = delete;
    Ageing& operator=(const Ageing&) = delete;

    // Adds the library to what is preloaded, and its variable to the environment.
    void apply(Command& command) const;

    // Takes CPU time and faults off, and wall time if these processes were waited for. Why the heap of a
    // process was not aged; empty if it was.
    enum class Wall { kIncluded, kApart };
    std::string take_off(Usage& usage, Wall wall) const;

    // ashlar-precondition.so, beside this program. Throws std::runtime_error if it is not there.
    static std::string library();

  private:
    unsigned mebibytes_;
    std::string library_;
    std::filesystem::path file_; // of records
};

} // namespace ashlar::measure
