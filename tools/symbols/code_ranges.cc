// SPDX-License-Identifier: MIT
#include "symbols/code_ranges.h"

#include "symbols/demangle.h"
#include "symbols/function_entry.h"

#include <algorithm>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <functional>
#include <string_view>

namespace ashlar::symbols {

namespace {

const Dwfl_Callbacks kCallbacks{.find_elf = dwfl_build_id_find_elf,
                                .find_debuginfo = dwfl_standard_find_debuginfo,
                                .section_address = dwfl_offline_section_address,
                                .debuginfo_path = nullptr};

// Removes the arguments: the last pair of brackets, with or without " const" behind them.
std::string_view without_arguments(std::string_view name) {
    constexpr std::string_view kConst = " const";
    if (name.ends_with(kConst)) {
        name.remove_suffix(kConst.size());
    }
    if (!name.ends_with(')')) {
        return name;
    }
    int depth = 0;
    for (std::size_t place = name.size(); place-- > 0;) {
        depth += name[place] == ')' ? 1 : name[place] == '(' ? -1 : 0;
        if (depth == 0) {
            return name.substr(0, place);
        }
    }
    return name;
}

bool stands_for(std::string_view wanted, std::string_view name) {
    wanted = without_arguments(wanted); // names in debug information have no arguments
    const auto is_end = [&](std::string_view whole) {
        return whole == wanted ||
               (whole.ends_with(wanted) && whole.substr(0, whole.size() - wanted.size()).ends_with("::"));
    };
    return is_end(name) || is_end(without_arguments(name));
}

bool is_end_of_path(std::string_view wanted, std::string_view path) {
    return path == wanted ||
           (path.ends_with(wanted) && path.substr(0, path.size() - wanted.size()).ends_with('/'));
}

class Code {
  public:
    explicit Code(const std::string& object) : session_(dwfl_begin(&kCallbacks)) {
        if (session_ == nullptr) {
            return;
        }
        dwfl_report_begin(session_);
        module_ = dwfl_report_elf(session_, "object", object.c_str(), -1, 0, true);
        dwfl_report_end(session_, nullptr, nullptr);
        if (module_ == nullptr || dwfl_module_getelf(module_, &bias_) == nullptr) {
            module_ = nullptr;
        }
    }
    ~Code() {
        if (session_ != nullptr) {
            dwfl_end(session_);
        }
    }
    Code(const Code&) = delete;
    Code& operator=(const Code&) = delete;

    std::vector<CodeRange> of_function(const std::string& name) {
        const int count = module_ == nullptr ? 0 : dwfl_module_getsymtab(module_);
        for (int index = 1; index < count; ++index) {
            GElf_Sym symbol;
            GElf_Addr address = 0;
            const char* const found =
                dwfl_module_getsym_info(module_, index, &symbol, &address, nullptr, nullptr, nullptr);
            if (found != nullptr && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_size != 0 &&
                (name == found || stands_for(name, demangled(found)))) {
                add(address - bias_, address - bias_ + symbol.st_size);
            }
        }
        for_each_inlined([&](Dwarf_Die& die, Dwarf_Files* /*files*/, Dwarf_Addr bias) {
            if (stands_for(name, function_name(&die))) {
                add_entry(die, bias);
            }
        });
        return finish();
    }

    std::vector<CodeRange> of_line(const std::string& file, unsigned wanted) {
        for_each_unit([&](Dwarf_Die& unit, Dwarf_Addr bias) { add_lines(unit, bias, file, wanted); });
        for_each_inlined([&](Dwarf_Die& die, Dwarf_Files* files, Dwarf_Addr bias) {
            if (number_of(&die, DW_AT_call_line) != wanted || files == nullptr) {
                return;
            }
            const char* const caller =
                dwarf_filesrc(files, number_of(&die, DW_AT_call_file), nullptr, nullptr);
            if (caller != nullptr && is_end_of_path(file, caller)) {
                add_entry(die, bias);
            }
        });
        return finish();
    }

  private:
    using VisitEntry = std::function<void(Dwarf_Die& die, Dwarf_Files* files, Dwarf_Addr bias)>;

    void for_each_unit(const std::function<void(Dwarf_Die& unit, Dwarf_Addr bias)>& visit) {
        Dwarf_Die* unit = nullptr;
        Dwarf_Addr bias = 0;
        while (module_ != nullptr && (unit = dwfl_module_nextcu(module_, unit, &bias)) != nullptr) {
            visit(*unit, bias);
        }
    }

    void for_each_inlined(const VisitEntry& visit) {
        for_each_unit([&](Dwarf_Die& unit, Dwarf_Addr bias) {
            Dwarf_Files* files = nullptr;
            dwarf_getsrcfiles(&unit, &files, nullptr);
            visit_children(unit, files, bias, visit);
        });
    }

    static void visit_children(Dwarf_Die& parent, Dwarf_Files* files, Dwarf_Addr bias,
                               const VisitEntry& visit) {
        Dwarf_Die child;
        for (bool more = dwarf_child(&parent, &child) == 0; more;
             more = dwarf_siblingof(&child, &child) == 0) {
            if (dwarf_tag(&child) == DW_TAG_inlined_subroutine) {
                visit(child, files, bias);
            }
            visit_children(child, files, bias, visit);
        }
    }

    void add_lines(Dwarf_Die& unit, Dwarf_Addr bias, const std::string& file, unsigned wanted) {
        Dwarf_Lines* lines = nullptr;
        std::size_t count = 0;
        if (dwarf_getsrclines(&unit, &lines, &count) != 0) {
            return;
        }
        for (std::size_t index = 0; index + 1 < count; ++index) {
            Dwarf_Line* const line = dwarf_onesrcline(lines, index);
            int number = 0;
            Dwarf_Addr begin = 0;
            Dwarf_Addr end = 0;
            const char* const source = dwarf_linesrc(line, nullptr, nullptr);
            if (source == nullptr || dwarf_lineno(line, &number) != 0 || number != static_cast<int>(wanted) ||
                !is_end_of_path(file, source) || dwarf_lineaddr(line, &begin) != 0 ||
                dwarf_lineaddr(dwarf_onesrcline(lines, index + 1), &end) != 0) {
                continue;
            }
            add(begin + bias - bias_, end + bias - bias_);
        }
    }

    void add_entry(Dwarf_Die& die, Dwarf_Addr bias) {
        Dwarf_Addr base = 0;
        Dwarf_Addr begin = 0;
        Dwarf_Addr end = 0;
        for (std::ptrdiff_t next = 0; (next = dwarf_ranges(&die, next, &base, &begin, &end)) > 0;) {
            add(begin + bias - bias_, end + bias - bias_);
        }
    }

    void add(std::uint64_t begin, std::uint64_t end) {
        if (begin < end) {
            ranges_.push_back({.begin = begin, .end = end});
        }
    }

    // Returns the ranges in order. Merges adjacent and overlapping ranges.
    std::vector<CodeRange> finish() {
        std::sort(ranges_.begin(), ranges_.end(),
                  [](const CodeRange& one, const CodeRange& other) { return one.begin < other.begin; });
        std::vector<CodeRange> merged;
        for (const CodeRange& range : ranges_) {
            if (!merged.empty() && range.begin <= merged.back().end) {
                merged.back().end = std::max(merged.back().end, range.end);
            } else {
                merged.push_back(range);
            }
        }
        return merged;
    }

    Dwfl* session_;
    Dwfl_Module* module_ = nullptr;
    GElf_Addr bias_ = 0; // load address minus the file's address
    std::vector<CodeRange> ranges_;
};

} // namespace

std::vector<CodeRange> ranges_of_function(const std::string& object, const std::string& name) {
    return Code(object).of_function(name);
}

std::vector<CodeRange> ranges_of_line(const std::string& object, const std::string& file, unsigned line) {
    return Code(object).of_line(file, line);
}

} // namespace ashlar::symbols
