// SPDX-License-Identifier: MIT
#include "process/stacks.h"

#include <catch2/catch.hpp>
#include <future>
#include <pthread.h>
#include <thread>
#include <unistd.h>

using namespace ashlar::process;

TEST_CASE("the stack pointer of a thread that waits is told") {
    CHECK(parse_stack_pointer("running\n") == 0);
    CHECK(parse_stack_pointer("202 0x1 0x0 0x5 0x0 0x0 0x0 0x7ffe1a2b3c40 0x7f0123456789\n") ==
          0x7ffe1a2b3c40);
    CHECK(parse_stack_pointer("-1 0x7ffe1a2b3c40 0x7f0123456789\n") == 0x7ffe1a2b3c40);
    CHECK(parse_stack_pointer("") == 0);
    CHECK(parse_stack_pointer("5") == 0);
    CHECK(parse_stack_pointer("0xzz 0x1") == 0);
    CHECK(parse_stack_pointer("0x11112222333344445 0x1") == 0);
}

TEST_CASE("stacks are known by name, by their guard and by one stack pointer") {
    const auto mappings = parse_mappings("10000-11000 ---p 0 0:0 0\n"
                                         "11000-20000 rw-p 0 0:0 0\n"       // behind a guard
                                         "20000-30000 rw-p 0 0:0 0\n"       // behind that: other memory
                                         "40000-50000 rw-p 0 0:0 0\n"       // one pointer
                                         "60000-70000 rw-p 0 0:0 0\n"       // two
                                         "10000000-14000000 ---p 0 0:0 0\n" // no guard: the rest of an arena
                                         "14000000-14021000 rw-p 0 0:0 0\n"
                                         "20000000-20001000 ---p 0 0:0 7 /lib/x.so\n"
                                         "20001000-20002000 rw-p 0 0:0 7 /lib/x.so\n"
                                         "7ff00000-7ff21000 rw-p 0 0:0 0 [stack]\n");
    REQUIRE(mappings.size() == 10);
    CHECK(find_stacks(mappings, {0x48000, 0x61000, 0x62000, 0x20001800, 5}) ==
          std::vector<bool>{false, true, false, true, false, false, false, false, false, true});
    CHECK(find_stacks({}, {1, 2}).empty());
}

TEST_CASE("a thread's own stack is found") {
    std::promise<Address> started;
    std::promise<void> end;
    std::thread thread([&] {
        int here = 0;
        started.set_value(reinterpret_cast<Address>(&here));
        end.get_future().wait();
    });
    const Address inside = started.get_future().get();
    const Files files(getpid());
    const auto mappings = parse_mappings(files.read("smaps").value());
    const auto stacks = find_stacks(mappings, stack_pointers(files));
    const Mapping* const stack = mapping_at(mappings, inside);
    REQUIRE(stack != nullptr);
    CHECK(stacks[static_cast<std::size_t>(stack - mappings.data())]);
    end.set_value();
    thread.join();
}
