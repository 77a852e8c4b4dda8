// SPDX-License-Identifier: MIT
#include "report/profile/pprof_file.h"

#include <cmath>

namespace ashlar::report::profile {

namespace {

// Field numbers of profile.proto.
namespace field {
enum Profile : std::uint32_t {
    kSampleType = 1,
    kSample = 2,
    kMapping = 3,
    kLocation = 4,
    kFunction = 5,
    kString = 6,
    kTime = 9,
    kDuration = 10,
    kPeriodType = 11,
    kPeriod = 12,
    kDefaultSampleType = 14,
};
enum ValueType : std::uint32_t { kType = 1, kUnit = 2 };
enum Sample : std::uint32_t { kLocations = 1, kValues = 2, kLabels = 3 };
enum Label : std::uint32_t { kKey = 1, kText = 2 };
enum Mapping : std::uint32_t {
    kMappingId = 1,
    kFileName = 5,
    kHasFunctions = 7,
    kHasFileNames = 8,
    kHasLineNumbers = 9,
    kHasInlineFrames = 10,
};
enum Location : std::uint32_t { kLocationId = 1, kMappingOf = 2, kLine = 4 };
enum Line : std::uint32_t { kFunctionOf = 1, kLineNumber = 2 };
enum Function : std::uint32_t { kFunctionId = 1, kName = 2, kSystemName = 3, kSourceFile = 4 };
} // namespace field

} // namespace

void PprofFile::add_type(const std::string& type, const char* unit) {
    add_value_type(field::kSampleType, type, unit);
    ++types_;
}

void PprofFile::set_default(const std::string& type) {
    out_.add_int64(field::kDefaultSampleType, string(type));
}

void PprofFile::set_period(const char* type, const char* unit, double period) {
    add_value_type(field::kPeriodType, type, unit);
    out_.add_int64(field::kPeriod, std::llround(period));
}

void PprofFile::set_times(std::uint64_t start, double seconds) {
    out_.add_int64(field::kTime, static_cast<Number>(start));
    out_.add_int64(field::kDuration, std::llround(seconds * 1e9));
}

void PprofFile::add(const std::vector<std::uint32_t>& outermost_first, std::size_t type, double value,
                    const std::string& label) {
    std::vector<Number>& values = samples_[{outermost_first, label}];
    values.resize(types_);
    values[type] += std::llround(value);
}

std::string PprofFile::finish(const std::string& label_key) {
    for (const auto& [key, values] : samples_) {
        const auto& [frames, label] = key;
        const std::vector<std::uint64_t> locations = locations_of(frames);
        std::string text;
        protozero::pbf_writer sample(text);
        sample.add_packed_uint64(field::kLocations, locations.begin(), locations.end());
        sample.add_packed_int64(field::kValues, values.begin(), values.end());
        if (!label.empty()) {
            std::string label_text;
            protozero::pbf_writer writer(label_text);
            writer.add_int64(field::kKey, string(label_key));
            writer.add_int64(field::kText, string(label));
            sample.add_message(field::kLabels, label_text);
        }
        out_.add_message(field::kSample, text);
    }
    for (const std::string& each : string_list_) {
        out_.add_string(field::kString, each);
    }
    return text_;
}

PprofFile::Number PprofFile::string(const std::string& text) {
    const auto [place, is_new] = strings_.try_emplace(text, static_cast<Number>(string_list_.size()));
    if (is_new) {
        string_list_.push_back(text);
    }
    return place->second;
}

void PprofFile::add_value_type(std::uint32_t which, const std::string& type, const char* unit) {
    std::string text;
    protozero::pbf_writer value(text);
    value.add_int64(field::kType, string(type));
    value.add_int64(field::kUnit, string(unit));
    out_.add_message(which, text);
}

// Returns the locations, innermost first. A function and the functions inlined into it are one location.
std::vector<std::uint64_t> PprofFile::locations_of(const std::vector<std::uint32_t>& outermost_first) {
    std::vector<std::uint64_t> locations;
    std::vector<std::uint32_t> group;
    for (auto frame = outermost_first.rbegin(); frame != outermost_first.rend(); ++frame) {
        group.push_back(*frame);
        if (!frames_[*frame].inlined) {
            locations.push_back(location(group));
            group.clear();
        }
    }
    if (!group.empty()) {
        locations.push_back(location(group));
    }
    return locations;
}

std::uint64_t PprofFile::location(const std::vector<std::uint32_t>& group) {
    const auto [place, is_new] = locations_.try_emplace(group, locations_.size() + 1);
    if (is_new) {
        std::string text;
        protozero::pbf_writer writer(text);
        writer.add_uint64(field::kLocationId, place->second);
        writer.add_uint64(field::kMappingOf, mapping(frames_[group.back()].object));
        for (const std::uint32_t frame : group) {
            std::string line_text;
            protozero::pbf_writer line(line_text);
            line.add_uint64(field::kFunctionOf, function(frames_[frame]));
            line.add_int64(field::kLineNumber, frames_[frame].line);
            writer.add_message(field::kLine, line_text);
        }
        out_.add_message(field::kLocation, text);
    }
    return place->second;
}

std::uint64_t PprofFile::mapping(const std::string& object) {
    const auto [place, is_new] = mappings_.try_emplace(object, mappings_.size() + 1);
    if (is_new) {
        std::string text;
        protozero::pbf_writer writer(text);
        writer.add_uint64(field::kMappingId, place->second);
        writer.add_int64(field::kFileName, string(object));
        for (const std::uint32_t has :
             {field::kHasFunctions, field::kHasFileNames, field::kHasLineNumbers, field::kHasInlineFrames}) {
            writer.add_bool(has, true); // so that pprof does not look for symbols itself
        }
        out_.add_message(field::kMapping, text);
    }
    return place->second;
}

std::uint64_t PprofFile::function(const ashlar::profile::Frame& frame) {
    const auto [place, is_new] = functions_.try_emplace({frame.function, frame.file}, functions_.size() + 1);
    if (is_new) {
        std::string text;
        protozero::pbf_writer writer(text);
        writer.add_uint64(field::kFunctionId, place->second);
        writer.add_int64(field::kName, string(frame.function));
        writer.add_int64(field::kSystemName, string(frame.function));
        writer.add_int64(field::kSourceFile, string(frame.file));
        out_.add_message(field::kFunction, text);
    }
    return place->second;
}

} // namespace ashlar::report::profile
