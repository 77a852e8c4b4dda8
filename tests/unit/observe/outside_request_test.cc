// SPDX-License-Identifier: MIT
//
// Another process may write a request at any moment. The request may be incomplete or wrong.
#include "../support/build_kind.h"
#include "../support/child.h"
#include "heap/sampling.h"
#include "observe/outside_request.h"
#include "observe/profiler.h"

#include <ashlar/ashlar.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace ashlar;
using observe::profiler::outside;
using observe::profiler::OutsideRequests;

namespace {

namespace fs = std::filesystem;

class Folder {
  public:
    Folder() {
        std::string path = fs::temp_directory_path() / "ashlar-outside-XXXXXX";
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path() const { return path_.string(); }
    std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(path_), {}); }

  private:
    fs::path path_;
};

void write_place(const std::string& place) {
    REQUIRE(place.size() < sizeof(outside.request.place));
    std::memcpy(outside.request.place, place.c_str(), place.size() + 1);
}

// Writes a request as another process does. The number is written last.
void ask(std::uint32_t number, std::uint64_t rate, const std::string& place) {
    outside.request.rate = rate;
    write_place(place);
    __atomic_store_n(&outside.request.number, number, __ATOMIC_RELEASE);
    heap::sampling::control.store(heap::sampling::kRecord);
}

// Allocates in a new thread, which notices a request.
void allocate() {
    std::thread([] { ashlar_free(ashlar_malloc(1000)); }).join();
}

} // namespace

TEST_CASE("outside request: a text without an end has one") {
    OutsideRequests requests;
    CHECK_FALSE(requests.has_new());
    CHECK(requests.place().empty());
    std::memset(requests.request.place, 'x', sizeof(requests.request.place));
    CHECK(requests.place().size() == sizeof(requests.request.place) - 1);
    requests.request.number = 7;
    CHECK(requests.has_new());
    requests.answer(7, 2, std::string(1000, 'y'));
    CHECK_FALSE(requests.has_new());
    CHECK(requests.is_for_another());
    CHECK(requests.last_answer.error == 2);
    CHECK(std::strlen(requests.last_answer.path) == sizeof(requests.last_answer.path) - 1);
    requests.answer(0, 0, "/a");
    CHECK_FALSE(requests.is_for_another());
    CHECK(requests.last_answer.number == 7);
    requests.request.number = 8;
    requests.drop();
    CHECK_FALSE(requests.has_new());
}

UNIT_TEST_CASE_IN_CHILD("outside request: is obeyed once, and answered", unit::kDefaultHeap) {
    const Folder folder;
    ask(1, 64, folder.path());
    allocate();
    REQUIRE(outside.last_answer.number == 1);
    REQUIRE(outside.last_answer.error == 0);
    REQUIRE(std::string(outside.last_answer.path).starts_with(folder.path()));
    REQUIRE(observe::profiler::status().rate == 64);
    allocate();
    REQUIRE(folder.files() == 1);
    // The next request gets its own file.
    ask(2, 128, folder.path());
    allocate();
    REQUIRE(folder.files() == 2);
    REQUIRE(observe::profiler::status().rate == 128);
    heap::sampling::control.store(heap::sampling::kStop);
    allocate();
    REQUIRE(heap::sampling::control.load() == heap::sampling::kOff);
    REQUIRE_FALSE(observe::profiler::status().recording);
    // A start by the program itself ignores the request.
    REQUIRE(ashlar_profile_start(256, folder.path().c_str()) == 0);
    REQUIRE_FALSE(outside.is_for_another());
    REQUIRE(observe::profiler::status().rate == 256);
    REQUIRE(ashlar_profile_stop() == 0);
    // A request that fails is answered with its error, and switches recording off.
    ask(3, 64, folder.path() + "/none");
    allocate();
    REQUIRE(outside.last_answer.error == ENOENT);
    REQUIRE(outside.last_answer.number == 3);
    REQUIRE(heap::sampling::control.load() == heap::sampling::kOff);
}

UNIT_TEST_CASE_IN_CHILD("outside request: words of any kind at any moment do no harm", unit::kDefaultHeap) {
    UNIT_SKIP_IF(unit::kSanitizer,
                 "its stores stand for another process's, which a sanitizer takes for races");
    const Folder folder;
    const auto seed = static_cast<std::uint32_t>(std::random_device()());
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&over, i] {
            std::array<void*, 64> blocks{};
            for (std::size_t n = 0; !over.load(std::memory_order_relaxed); ++n) {
                void*& block = blocks[n % blocks.size()];
                ashlar_free(block);
                block = ashlar_malloc(n * 37 % 5000 + static_cast<std::size_t>(i));
                REQUIRE(block != nullptr);
            }
            for (void* const block : blocks)
                ashlar_free(block);
        });
    }
    constexpr std::array<std::uint64_t, 6> kNumbers{
        0, 1, 4096, std::uint64_t{1} << 20, std::uint64_t{1} << 63, ~std::uint64_t{0}};
    for (int i = 0; i < 300; ++i) {
        outside.request.rate = kNumbers[random() % kNumbers.size()];
        __atomic_store_n(&outside.request.limit,
                         std::min(kNumbers[random() % kNumbers.size()], std::uint64_t{1} << 21),
                         __ATOMIC_RELAXED);
        if (random() % 4 == 0) {
            for (char& letter : outside.request.place)
                letter = static_cast<char>(random());
            std::memcpy(outside.request.place, "/dev/null/", 10); // below which there is nothing
        } else {
            write_place(folder.path());
        }
        __atomic_store_n(&outside.request.number, static_cast<std::uint32_t>(random() % 4), __ATOMIC_RELEASE);
        heap::sampling::control.store(
            static_cast<std::uint32_t>(random() % 8 == 0 ? random() : random() % 4));
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
    }
    heap::sampling::control.store(heap::sampling::kStop);
    over = true;
    for (std::thread& thread : threads)
        thread.join();
    allocate();
    REQUIRE(heap::sampling::control.load() == heap::sampling::kOff);
    REQUIRE_FALSE(observe::profiler::status().recording);
}
