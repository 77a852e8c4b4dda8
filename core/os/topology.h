// SPDX-License-Identifier: MIT
//
// The machine: how many processors this process may use, and the nodes that its memory is divided into.
//
// A machine with one node costs no system call: every thread is on node 0, which the C library knows without
// asking the kernel. Only when a thread is seen on another node is the list of nodes read, once, from /sys.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace ashlar::os {

// Processors in the affinity mask; 1 if the kernel will not say. One system call, no file is read. Ask only
// when the answer is needed: some sandboxes kill a process for a call that they do not know.
unsigned processors();

using Node = std::uint8_t;
inline constexpr unsigned kMaxNodes = 8; // node n of a larger machine counts as n modulo this

// What the kernel says when it lists nodes, such as "0,2-3": that there are 3, all below 4.
struct NodeList {
    unsigned count;
    unsigned end;
};
NodeList parse_nodes(std::string_view list); // {1, 1} if it makes no sense

// Tests put a machine of their own here before a heap opens.
struct Topology {
    unsigned (*node_here)() = nullptr; // instead of the node of the processor that runs the calling thread
    const char* list = nullptr;        // instead of the file in /sys
    std::atomic<unsigned> nodes{0};    // at most kMaxNodes; 0: all threads were seen on node 0 so far
};
[[gnu::visibility("hidden")]] extern constinit Topology topology;

// How many nodes matter: 1 until there is a reason to know better.
inline unsigned nodes() {
    const unsigned known = topology.nodes.load(std::memory_order_relaxed);
    return known == 0 ? 1 : known;
}

// The node of the calling thread; always 0 with one node or with numa:off.
Node current_node();

} // namespace ashlar::os
