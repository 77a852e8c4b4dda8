// SPDX-License-Identifier: MIT
// A profile in pprof's format, profile.proto: samples with values of several types, and the functions of
// their stacks.
#pragma once

#include "report/profile/exported.h"

#include <cstdint>
#include <map>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <utility>
#include <vector>

namespace ashlar::report::profile {

class PprofFile {
  public:
    explicit PprofFile(const ashlar::profile::Frames& frames) : frames_(frames) { string(""); }

    // Adds a type of value. All types must be added before the first sample.
    void add_type(const std::string& type, const char* unit);
    // Adds the program's mapping first, because pprof takes the first mapping for the program.
    void set_program(const std::string& file_name) { mapping(file_name); }
    void set_default(const std::string& type);
    void set_period(const char* type, const char* unit, double period);
    // `start` is in ns since 1970.
    void set_times(std::uint64_t start, double seconds);

    // Adds a value of type number `type`. Keeps the stack's other values. `pprof -tags` shows `label`.
    void add(const std::vector<std::uint32_t>& outermost_first, std::size_t type, double value,
             const std::string& label = {});
    // Returns the uncompressed file. `label_key` names the labels.
    std::string finish(const std::string& label_key = {});

  private:
    using Number = std::int64_t;
    using Key = std::pair<std::vector<std::uint32_t>, std::string>;

    Number string(const std::string& text);
    void add_value_type(std::uint32_t which, const std::string& type, const char* unit);
    std::vector<std::uint64_t> locations_of(const std::vector<std::uint32_t>& outermost_first);
    std::uint64_t location(const std::vector<std::uint32_t>& group);
    std::uint64_t mapping(const std::string& object);
    std::uint64_t function(const ashlar::profile::Frame& frame);

    const ashlar::profile::Frames& frames_;
    std::string text_;
    protozero::pbf_writer out_{text_};
    std::size_t types_ = 0;
    std::map<std::string, Number> strings_;
    std::vector<std::string> string_list_;
    std::map<Key, std::vector<Number>> samples_;
    std::map<std::vector<std::uint32_t>, std::uint64_t> locations_;
    std::map<std::string, std::uint64_t> mappings_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> functions_;
};

} // namespace ashlar::report::profile
