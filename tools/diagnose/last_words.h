// SPDX-License-Identifier: MIT
// What a command writes to its standard error while it is looked at. A thread reads it, so that nobody waits.
// It keeps the beginning, where loaders complain.
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

    // Where the command writes to.
    int write_end() const { return write_end_.number(); }

    // The command has been forked: from now on only it can write.
    void begin();
    // What came so far. Nothing is read any more.
    std::string end();

  private:
    void read();

    machine::Descriptor read_end_;
    machine::Descriptor write_end_;
    machine::Descriptor stop_; // can be read when the thread is to end
    std::string text_;
    std::thread thread_;
};

} // namespace ashlar::diagnose
