// SPDX-License-Identifier: MIT
#include "report/profile/exported.h"
#include "report/profile/formats.h"
#include "report/profile/gzip.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <ostream>
#include <protozero/pbf_writer.hpp>

namespace ashlar::report::profile {

namespace {

using namespace ashlar::profile;
using Number = std::int64_t;

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
enum Sample : std::uint32_t { kLocations = 1, kValues = 2 };
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

class Profile {
  public:
    explicit Profile(Frames& frames) : frames_(frames) { string(""); }

    void add_type(const std::string& type, const char* unit) {
        add_value_type(field::kSampleType, type, unit);
        ++types_;
    }

    // pprof takes the first mapping for the program.
    void set_program(const std::string& file_name) { mapping(file_name); }

    void set_default(const std::string& type) { out_.add_int64(field::kDefaultSampleType, string(type)); }

    void set_period(const char* type, const char* unit, double period) {
        add_value_type(field::kPeriodType, type, unit);
        out_.add_int64(field::kPeriod, std::llround(period));
    }

    void set_times(std::uint64_t start, double seconds) {
        out_.add_int64(field::kTime, static_cast<Number>(start));
        out_.add_int64(field::kDuration, std::llround(seconds * 1e9));
    }

    // Of the type's number; the other values of the stack stay as they are.
    void add(const ExportedStack& stack, std::size_t type, double value) {
        std::vector<Number>& values = samples_[stack.frames];
        values.resize(types_);
        values[type] += std::llround(value);
    }

    std::string finish() {
        for (const auto& [frames, values] : samples_) {
            const std::vector<std::uint64_t> locations = locations_of(frames);
            std::string text;
            protozero::pbf_writer sample(text);
            sample.add_packed_uint64(field::kLocations, locations.begin(), locations.end());
            sample.add_packed_int64(field::kValues, values.begin(), values.end());
            out_.add_message(field::kSample, text);
        }
        for (const std::string& each : string_list_) {
            out_.add_string(field::kString, each);
        }
        return text_;
    }

  private:
    Number string(const std::string& text) {
        const auto [place, is_new] = strings_.try_emplace(text, static_cast<Number>(string_list_.size()));
        if (is_new) {
            string_list_.push_back(text);
        }
        return place->second;
    }

    void add_value_type(std::uint32_t which, const std::string& type, const char* unit) {
        std::string text;
        protozero::pbf_writer value(text);
        value.add_int64(field::kType, string(type));
        value.add_int64(field::kUnit, string(unit));
        out_.add_message(which, text);
    }

    // Innermost first. A function and what was inlined into it are one location.
    std::vector<std::uint64_t> locations_of(const std::vector<std::uint32_t>& outermost_first) {
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

    std::uint64_t location(const std::vector<std::uint32_t>& group) {
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

    std::uint64_t mapping(const std::string& object) {
        const auto [place, is_new] = mappings_.try_emplace(object, mappings_.size() + 1);
        if (is_new) {
            std::string text;
            protozero::pbf_writer writer(text);
            writer.add_uint64(field::kMappingId, place->second);
            writer.add_int64(field::kFileName, string(object));
            for (const std::uint32_t has : {field::kHasFunctions, field::kHasFileNames,
                                            field::kHasLineNumbers, field::kHasInlineFrames}) {
                writer.add_bool(has, true); // so that pprof does not look for symbols itself
            }
            out_.add_message(field::kMapping, text);
        }
        return place->second;
    }

    std::uint64_t function(const Frame& frame) {
        const auto [place, is_new] =
            functions_.try_emplace({frame.function, frame.file}, functions_.size() + 1);
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

    Frames& frames_;
    std::string text_;
    protozero::pbf_writer out_{text_};
    std::size_t types_ = 0;
    std::map<std::string, Number> strings_;
    std::vector<std::string> string_list_;
    std::map<std::vector<std::uint32_t>, std::vector<Number>> samples_;
    std::map<std::vector<std::uint32_t>, std::uint64_t> locations_;
    std::map<std::string, std::uint64_t> mappings_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> functions_;
};

// The processor's are as pprof's own CPU profiles have them: samples and nanoseconds.
struct Types {
    std::string count;
    std::string amount;
    const char* unit;
    double scale; // from what a stack has
};

// As Go's heap profiles have it where they have it.
std::string type_of(View view) {
    switch (view) {
    case View::kLive:
        return "inuse";
    case View::kAllocated:
        return "alloc";
    default:
        return name_of(view);
    }
}

Types types_of(View view) {
    constexpr double kNanoseconds = 1000;
    if (view == View::kCpu) {
        return {.count = "samples", .amount = "cpu", .unit = "nanoseconds", .scale = kNanoseconds};
    }
    if (view == View::kAllocationCpu) {
        return {.count = "allocation_samples",
                .amount = "allocation_cpu",
                .unit = "nanoseconds",
                .scale = kNanoseconds};
    }
    return {.count = type_of(view) + "_objects",
            .amount = type_of(view) + "_space",
            .unit = view == View::kLifetime ? "byteseconds" : "bytes",
            .scale = 1};
}

} // namespace

void write_pprof(std::ostream& out, const Summaries& summaries, View first, Frames& frames) {
    Profile profile(frames);
    std::vector<View> views;
    for (const View view : kAllViews) {
        const auto is_shown = [&](const Summary& each) {
            return is_of_cpu(view) ? each.shows(view) : each.has_memory;
        };
        if (std::any_of(summaries.begin(), summaries.end(), is_shown)) {
            views.push_back(view);
        }
    }
    for (const View view : views) {
        const Types types = types_of(view);
        profile.add_type(types.count, "count");
        profile.add_type(types.amount, types.unit);
    }
    profile.set_default(types_of(first).amount);
    std::size_t type = 0;
    for (const View view : views) {
        for (const ExportedStack& stack : exported(summaries, view, frames)) {
            profile.add(stack, type, stack.blocks);
            profile.add(stack, type + 1, stack.bytes * types_of(view).scale);
        }
        type += 2;
    }
    if (!summaries.empty()) {
        profile.set_program(std::filesystem::path(summaries.front().recording.program).filename().string());
        if (is_of_cpu(first) && summaries.front().cpu) {
            profile.set_period("cpu", "nanoseconds", summaries.front().cpu->period * types_of(first).scale);
        } else {
            profile.set_period("space", "bytes", static_cast<double>(summaries.front().recording.rate));
        }
        profile.set_times(summaries.front().recording.started_realtime, summaries.front().seconds);
    }
    out << gzipped(profile.finish());
}

} // namespace ashlar::report::profile
