// SPDX-License-Identifier: MIT
#include "os/topology.h"

#include "os/config.h"
#include "os/small_file.h"
#include "os/system_call.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <sched.h>
#include <sys/syscall.h>

namespace ashlar::os {

constinit Topology topology;

namespace {

constexpr const char* kOnline = "/sys/devices/system/node/online";
constexpr unsigned kHighestNumber = 4095; // of a node, at most; Linux has up to 1024 nodes

// Removes a number from the front of `text`. Returns false if there is none.
bool take_number(std::string_view& text, unsigned& number) {
    const std::size_t before = text.size();
    number = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9' && number <= kHighestNumber) {
        number = number * 10 + static_cast<unsigned>(text.front() - '0');
        text.remove_prefix(1);
    }
    return text.size() != before && number <= kHighestNumber;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

NodeList read_nodes(const char* path) {
    char text[256];
    return parse_nodes(read_small_file(path, text));
}

unsigned node_of_processor() {
    unsigned processor = 0;
    unsigned node = 0;
    const int saved = errno;
    const bool known = ::getcpu(&processor, &node) == 0;
    errno = saved;
    return known ? node : 0;
}

unsigned read_topology() {
    const NodeList found = read_nodes(topology.list != nullptr ? topology.list : kOnline);
    if (found.end > kMaxNodes) { // node numbers here then differ from the kernel's
        std::size_t bind = static_cast<std::size_t>(Numa::kBind);
        settings.numa.compare_exchange_strong(bind, static_cast<std::size_t>(Numa::kLocal));
    }
    const unsigned count = std::min(found.count, kMaxNodes);
    topology.nodes.store(count, std::memory_order_relaxed);
    return count;
}

} // namespace

unsigned processors() {
    unsigned long mask[128] = {}; // 8192 processors
    const long bytes = system_call(SYS_sched_getaffinity, 0, sizeof(mask), mask);
    if (bytes <= 0) return 1;
    int count = 0;
    for (std::size_t word = 0; word < static_cast<std::size_t>(bytes) / sizeof(mask[0]); ++word) {
        count += std::popcount(mask[word]);
    }
    return count > 0 ? static_cast<unsigned>(count) : 1;
}

NodeList parse_nodes(std::string_view list) {
    NodeList found{0, 0};
    do {
        unsigned first = 0;
        if (!take_number(list, first)) return {1, 1};
        unsigned last = first;
        if (take(list, '-') && !take_number(list, last)) return {1, 1};
        if (first < found.end || last < first) return {1, 1}; // the kernel's lists ascend
        found.count += last - first + 1;
        found.end = last + 1;
    } while (take(list, ','));
    take(list, '\n');
    return list.empty() ? found : NodeList{1, 1};
}

Node current_node() {
    unsigned known = topology.nodes.load(std::memory_order_relaxed);
    if (known == 1 || settings.numa_now() == Numa::kOff) return 0;
    const unsigned node = topology.node_here != nullptr ? topology.node_here() : node_of_processor();
    if (node != 0 && known == 0) known = read_topology();
    return known <= 1 ? 0 : static_cast<Node>(node % kMaxNodes);
}

} // namespace ashlar::os
