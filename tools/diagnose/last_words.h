// SPDX-License-Identifier: MIT
// The beginning of a command's standard error, where loaders report errors. A thread reads the pipe, so the
// command never blocks.
#pragma once

#include "machine/descriptor.h"

#include <string>
#include <thread>

namespace ashlar::diagnose {

class LastWords {
  public:
    LastWords();
    ~LastWords() { end(); }
    LastWords(const LastWords&) = delete;
    LastWords& operator=(const LastWords&) = delete;

    // The end of the pipe that the command writes to.
    int write_end() const { return write_end_.number(); }

    // Starts reading. Call it after the fork: it leaves the write end to the command.
    void begin();
    // Stops reading. Returns the text so far.
    std::string end();

  private:
    void read();

    machine::Descriptor read_end_;
    machine::Descriptor write_end_;
    machine::Descriptor stop_; // readable when the thread is to end
    std::string text_;
    std::thread thread_;
};

} // namespace ashlar::diagnose
