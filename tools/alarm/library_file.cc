// SPDX-License-Identifier: MIT
#include "alarm/library_file.h"

#include "machine/elf_file.h"
#include "machine/output_of.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace ashlar::alarm {

namespace {

// Instructions of SSE3 and later, or of BMI, ADX, CRC and hardware transactions, by Intel's manual. "tzcnt"
// is missing on purpose: GCC writes it for "rep bsf", which every processor executes.
constexpr std::array kLaterInstructions{
    "popcnt",    "lzcnt",      "crc32",     "andn",      "bextr",    "blsi",     "blsmsk",    "blsr",
    "bzhi",      "mulx",       "pdep",      "pext",      "rorx",     "sarx",     "shlx",      "shrx",
    "adcx",      "adox",       "movbe",     "rdrand",    "rdseed",   "xbegin",   "xend",      "xabort",
    "xtest",     "cmpxchg16b", "addsubps",  "addsubpd",  "haddps",   "haddpd",   "hsubps",    "hsubpd",
    "lddqu",     "movddup",    "movshdup",  "movsldup",  "pshufb",   "palignr",  "phaddd",    "phaddw",
    "pabsb",     "pabsw",      "pabsd",     "pmaddubsw", "pmulhrsw", "psignb",   "psignw",    "psignd",
    "pmulld",    "pminud",     "pminsd",    "pmaxud",    "pmaxsd",   "pminuw",   "pmaxuw",    "pminsb",
    "pmaxsb",    "pextrb",     "pextrd",    "pextrq",    "pinsrb",   "pinsrd",   "pinsrq",    "ptest",
    "pcmpeqq",   "pcmpgtq",    "pblendw",   "pblendvb",  "blendvps", "blendvpd", "blendps",   "blendpd",
    "roundss",   "roundsd",    "roundps",   "roundpd",   "pmovzxbw", "pmovzxbd", "pmovzxbq",  "pmovzxwd",
    "pmovzxwq",  "pmovzxdq",   "pmovsxbw",  "pmovsxbd",  "pmovsxwd", "pmovsxdq", "movntdqa",  "packusdw",
    "pcmpestri", "pcmpestrm",  "pcmpistri", "pcmpistrm", "aesenc",   "aesdec",   "pclmulqdq", "sha256rnds2"};

void look_at_segments(const std::string& path, LibraryFile& result) {
    try {
        const auto file = machine::read_elf(path);
        result.trouble = file ? "" : path + " is no ELF file";
        result.loaded_bytes = file ? file->loaded_bytes : 0;
        result.tls_bytes = file ? file->tls_bytes : 0;
    } catch (const std::runtime_error& error) {
        result.trouble = error.what();
    }
}

// Reads objdump's lines: "0000000000001234 <name>:" before a function, "    1234:\tmov    %rax,%rbx" in it.
void look_at_code(const std::string& listing, LibraryFile& result) {
    std::istringstream lines(listing);
    std::string function;
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);) {
        if (const auto open = line.find(" <"); line.ends_with(">:") && open != std::string::npos) {
            function = line.substr(open + 2, line.size() - open - 4);
            continue;
        }
        const auto tab = line.find('\t');
        if (tab == std::string::npos) {
            continue;
        }
        std::istringstream words(line.substr(tab + 1));
        std::string mnemonic;
        std::string operands;
        words >> mnemonic >> operands;
        if (is_above_baseline(mnemonic, operands) && seen.insert(function).second) {
            result.above_baseline.push_back(fmt::format("{}: {}", function, mnemonic));
        }
    }
}

} // namespace

bool is_above_baseline(const std::string& mnemonic, const std::string& operands) {
    if (operands.find("%ymm") != std::string::npos || operands.find("%zmm") != std::string::npos) {
        return true;
    }
    // VEX forms: the name of an older instruction after a v.
    if (mnemonic.size() > 3 && mnemonic.front() == 'v' && operands.find("%xmm") != std::string::npos) {
        return true;
    }
    // AT&T names may end in the size of the operand.
    std::string_view bare = mnemonic;
    const auto is_later = [&] {
        return std::find(kLaterInstructions.begin(), kLaterInstructions.end(), bare) !=
               kLaterInstructions.end();
    };
    if (is_later()) {
        return true;
    }
    if (!bare.empty() && std::string_view("bwlq").find(bare.back()) != std::string_view::npos) {
        bare.remove_suffix(1);
        return is_later();
    }
    return false;
}

LibraryFile read_library_file(const std::string& path) {
    LibraryFile result;
    look_at_segments(path, result);
#if defined(__x86_64__)
    if (result.trouble.empty()) {
        const machine::ProgramOutput dump =
            machine::output_of({"objdump", "--disassemble", "--no-show-raw-insn", path});
        if (dump.error != 0 || dump.status != 0) {
            result.trouble = "objdump did not list the library's instructions; scripts/setup.sh installs it";
        } else {
            look_at_code(dump.output, result);
        }
    }
#endif
    return result;
}

} // namespace ashlar::alarm
