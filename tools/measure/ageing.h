// SPDX-License-Identifier: MIT
// Ages the heaps of one run's processes with ashlar-precondition.so, and subtracts the cost afterwards.
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

    // Adds the library to the preloaded ones, and its variable to the environment.
    void apply(Command& command) const;

    // Subtracts CPU time and faults, and wall time if it included the ageing. Returns why the heap of a
    // process was not aged, or an empty text.
    enum class Wall { kIncluded, kApart };
    std::string take_off(Usage& usage, Wall wall) const;

    // Returns the path of ashlar-precondition.so. Throws std::runtime_error if it is not beside this program.
    static std::string library();

  private:
    unsigned mebibytes_;
    std::string library_;
    std::filesystem::path file_; // of records
};

} // namespace ashlar::measure
