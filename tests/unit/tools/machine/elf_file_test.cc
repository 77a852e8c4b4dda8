// SPDX-License-Identifier: MIT
#include "machine/elf_file.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <random>
#include <unistd.h>

using namespace ashlar::machine;

namespace {

// A file with the given contents, deleted by the destructor.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& contents) {
        descriptor_ = mkstemp(name_);
        write(contents);
    }
    ~TemporaryFile() {
        close(descriptor_);
        unlink(name_);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void write(const std::string& contents) const {
        REQUIRE(ftruncate(descriptor_, 0) == 0);
        REQUIRE(pwrite(descriptor_, contents.data(), contents.size(), 0) ==
                static_cast<ssize_t>(contents.size()));
    }
    const char* path() const { return name_; }

  private:
    char name_[32] = "/tmp/ashlar-elf-XXXXXX";
    int descriptor_ = -1;
};

std::string contents_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Accepts any answer except a crash.
void read_whatever_it_is(const TemporaryFile& file) {
    try {
        const auto elf = read_elf(file.path());
        if (elf) {
            CHECK_FALSE(elf->architecture().empty());
        }
    } catch (const std::runtime_error& error) {
        CHECK(std::strlen(error.what()) > 0);
    }
}

} // namespace

// A function name that only this program defines.
extern "C" __attribute__((visibility("default"), used, noinline)) int ashlar_elf_file_test_function() {
    return 1;
}

TEST_CASE("elf: this program") {
    const auto own = read_elf("/proc/self/exe");
    REQUIRE(own);
    CHECK(own->is_64_bit == (sizeof(void*) == 8));
    CHECK(own->type != ET_REL);
    CHECK(own->interpreter.find("ld-") != std::string::npos);
    CHECK(own->needs_libraries);
    CHECK(own->loaded_bytes > own->exports.size() + own->internal.size());
    const bool is_known = own->internal.contains("ashlar_elf_file_test_function") ||
                          own->exports.contains("ashlar_elf_file_test_function");
    CHECK(is_known);
    CHECK(own->imports.contains("pwrite64") != own->imports.contains("pwrite"));
    CHECK(own->fits(*own));
}

TEST_CASE("elf: files that are none") {
    CHECK_FALSE(read_elf(TemporaryFile("").path()));
    CHECK_FALSE(read_elf(TemporaryFile("#!/bin/sh\n").path()));
    CHECK_FALSE(read_elf(TemporaryFile("\x7f"
                                       "EL")
                             .path()));
    CHECK_THROWS_AS(read_elf("/no/such/file"), std::runtime_error);
    CHECK_THROWS_AS(read_elf("/"), std::runtime_error);
    CHECK_THROWS_AS(read_elf("/dev/zero"), std::runtime_error);
    CHECK_THROWS_AS(read_elf(TemporaryFile("\x7f"
                                           "ELF")
                                 .path()),
                    std::runtime_error);
}

TEST_CASE("elf: other word sizes and byte orders are told apart by their headers alone") {
    std::string header(sizeof(Elf32_Ehdr), '\0');
    std::memcpy(header.data(), ELFMAG, SELFMAG);
    header[EI_CLASS] = ELFCLASS32;
    header[EI_DATA] = ELFDATA2MSB;
    header[EI_VERSION] = EV_CURRENT;
    header[EI_NIDENT + 1] = ET_EXEC;
    header[EI_NIDENT + 3] = EM_MIPS;
    const auto file = read_elf(TemporaryFile(header).path());
    REQUIRE(file);
    CHECK(file->architecture() == "32-bit MIPS R3000 (big-endian)");
    CHECK_FALSE(file->fits(*read_elf("/proc/self/exe")));
    header.pop_back();
    CHECK_THROWS_WITH(read_elf(TemporaryFile(header).path()), Catch::Contains("is damaged: its header"));
}

TEST_CASE("elf: a file that ends anywhere") {
    // A small file, so that the cuts hit every kind of table.
    const std::string whole = contents_of("/bin/true");
    const TemporaryFile file(whole);
    for (std::size_t length = 0; length < whole.size(); length += length < 1024 ? 1 : 97) {
        file.write(whole.substr(0, length));
        read_whatever_it_is(file);
    }
}

TEST_CASE("elf: a file that is wrong anywhere") {
    const std::string whole = contents_of("/bin/true");
    const TemporaryFile file(whole);
    std::mt19937_64 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string damaged = whole;
        // The headers at both ends locate all other parts.
        const std::size_t from =
            round % 2 == 0 ? 0 : whole.size() - std::min<std::size_t>(2048, whole.size());
        const std::size_t length = round % 2 == 0 ? 1024 : whole.size() - from;
        for (int change = 0; change < 1 + round % 8; ++change) {
            damaged[from + random() % length] = static_cast<char>(round % 3 == 0 ? 0xff : random());
        }
        file.write(damaged);
        read_whatever_it_is(file);
    }
}

TEST_CASE("elf: a table that claims to be larger than memory") {
    std::string whole = contents_of("/bin/true");
    Elf64_Ehdr header{};
    std::memcpy(&header, whole.data(), sizeof header);
    const Elf64_Ehdr sound = header;
    const auto damage = [&](Elf64_Ehdr changed) {
        std::memcpy(whole.data(), &changed, sizeof changed);
        try {
            read_elf(TemporaryFile(whole).path());
        } catch (const std::runtime_error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    header.e_shnum = 0xffff;
    CHECK_THAT(damage(header), Catch::Contains("is damaged: its section headers"));
    header.e_shnum = 0; // then the size of the first section is the number of sections
    CHECK_THAT(damage(header), Catch::Contains("is damaged: it claims more sections"));
    header = sound;
    header.e_phnum = 0xffff;
    CHECK_THAT(damage(header), Catch::Contains("is damaged: its program headers"));
    header = sound;
    header.e_phoff = ~std::uint64_t{0} - 8;
    CHECK_THAT(damage(header), Catch::Contains("is damaged: its program headers"));
    header = sound;
    header.e_shoff = whole.size(); // a truncated file is not damaged
    CHECK(damage(header).empty());
}

TEST_CASE("elf: a table that a file with holes is large enough for") {
    std::string whole = contents_of("/bin/true");
    Elf64_Ehdr header{};
    std::memcpy(&header, whole.data(), sizeof header);
    constexpr std::uint64_t kLarge = std::uint64_t{24} << 30;
    for (std::size_t index = 0; index < header.e_shnum; ++index) {
        char* const place = whole.data() + header.e_shoff + index * sizeof(Elf64_Shdr);
        Elf64_Shdr section{};
        std::memcpy(&section, place, sizeof section);
        if (section.sh_type == SHT_DYNSYM) {
            section.sh_size = kLarge;
            std::memcpy(place, &section, sizeof section);
        }
    }
    const TemporaryFile file(whole);
    REQUIRE(truncate(file.path(), 2 * kLarge) == 0);
    CHECK_THROWS_WITH(read_elf(file.path()), Catch::Contains("is damaged: a table"));
}

TEST_CASE("elf: a file's build id") {
    const std::string own = build_id("/proc/self/exe");
    CHECK(contents_of("/proc/self/exe").find(own) != std::string::npos);
    CHECK_FALSE(build_id("/bin/true").empty());
    CHECK(build_id("/bin/true") != own);
    CHECK(build_id("/etc/passwd").empty());
    CHECK(build_id("/no/such/file").empty());
    CHECK(build_id(TemporaryFile(contents_of("/bin/true").substr(0, sizeof(Elf64_Ehdr))).path()).empty());
}

TEST_CASE("elf: no file stays open") {
    const auto open_files = [] {
        const std::filesystem::directory_iterator folder("/proc/self/fd");
        return std::distance(begin(folder), end(folder));
    };
    const TemporaryFile damaged(contents_of("/bin/true").substr(0, 1000));
    const auto before = open_files();
    for (const char* const path : {"/bin/true", "/etc/passwd", "/", damaged.path()}) {
        try {
            build_id(path);
            shebang(path);
            read_elf(path);
        } catch (const std::runtime_error&) {
        }
    }
    CHECK(open_files() == before);
}

TEST_CASE("elf: a script's interpreter") {
    CHECK(shebang(TemporaryFile("#!/bin/sh\n").path()) == "/bin/sh");
    CHECK(shebang(TemporaryFile("#! \t/usr/bin/env python3\nx").path()) == "/usr/bin/env");
    CHECK(shebang(TemporaryFile("#!/bin/sh").path()) == "/bin/sh");
    CHECK(shebang(TemporaryFile("#!\n/bin/sh").path()) == "");
    CHECK_FALSE(shebang(TemporaryFile("/bin/sh\n").path()));
    CHECK_FALSE(shebang(TemporaryFile("").path()));
}
