// SPDX-License-Identifier: MIT
#include "machine/output_file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <stdexcept>

using ashlar::machine::OutputFile;
namespace fs = std::filesystem;

namespace {

class Folder {
  public:
    Folder() { REQUIRE(mkdtemp(name_) != nullptr); }
    ~Folder() { fs::remove_all(name_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    fs::path operator/(const char* name) const { return fs::path(name_) / name; }
    std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(name_), {}); }

  private:
    char name_[32] = "/tmp/ashlar-output-XXXXXX";
};

std::string contents_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

TEST_CASE("output file: every write replaces the one before, and nothing else is left") {
    const Folder folder;
    const fs::path path = folder / "result";
    {
        const OutputFile file(path);
        CHECK(file.is_replaced());
        CHECK_FALSE(fs::exists(path));
        file.write([](std::ostream& stream) { stream << "one, which is longer"; });
        CHECK(contents_of(path) == "one, which is longer");
        file.write([](std::ostream& stream) { stream << "two"; });
    }
    CHECK(contents_of(path) == "two");
    CHECK(folder.files() == 1);
}

TEST_CASE("output file: what was there stays until the new text is complete") {
    const Folder folder;
    const fs::path path = folder / "result";
    std::ofstream(path) << "precious";
    {
        const OutputFile file(path);
        CHECK_THROWS_AS(file.write([](std::ostream& stream) {
            stream << "half";
            throw std::runtime_error("lost");
        }),
                        std::runtime_error);
        CHECK_THROWS_WITH(file.write([](std::ostream& stream) { stream.setstate(std::ios::badbit); }),
                          Catch::Contains("cannot write to " + path.string()));
    }
    CHECK(contents_of(path) == "precious");
    CHECK(folder.files() == 1);
}

TEST_CASE("output file: a place that cannot be written to is refused at once") {
    CHECK_THROWS_WITH(OutputFile("/no/such/folder/x"), Catch::Contains("/no/such/folder/x: No such file"));
}

TEST_CASE("output file: a device is written to as it is") {
    const OutputFile file("/dev/full");
    CHECK_FALSE(file.is_replaced());
    CHECK_THROWS_WITH(file.write([](std::ostream& stream) { stream << "text"; }),
                      Catch::Contains("No space left"));
    CHECK(fs::is_character_file("/dev/full"));
}
