// SPDX-License-Identifier: MIT
//
// The machine: the processors that this process may use, and the nodes of its memory.
//
// On a machine with one node this costs no system call. Every thread is on node 0, and the C library knows
// that without the kernel. The list of nodes is read from /sys once, when a thread is seen on another node.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace ashlar::os {

// Returns the number of processors in the affinity mask, or 1 if the kernel does not tell. Makes one system
// call and reads no file. Call it only when needed: some sandboxes kill a process for an unknown system call.
unsigned processors();

using Node = std::uint8_t;
inline constexpr unsigned kMaxNodes = 8; // a larger machine's nodes are numbered modulo this

// The kernel's list of nodes. For "0,2-3" `count` is 3, and all numbers are below `end`, which is 4.
struct NodeList {
    unsigned count;
    unsigned end;
};
NodeList parse_nodes(std::string_view list); // {1, 1} for an invalid list

// The state. Tests set the first two fields before a heap opens.
struct Topology {
    unsigned (*node_here)() = nullptr; // replaces the node of the calling thread's processor
    const char* list = nullptr;        // replaces the path of the file in /sys
    std::atomic<unsigned> nodes{0};    // at most kMaxNodes; 0: all threads were on node 0 so far
};
[[gnu::visibility("hidden")]] extern constinit Topology topology;

// Returns the number of nodes: 1 until a thread is seen on another node.
inline unsigned nodes() {
    const unsigned known = topology.nodes.load(std::memory_order_relaxed);
    return known == 0 ? 1 : known;
}

// Returns the node of the calling thread, always 0 with one node or with numa:off.
Node current_node();

} // namespace ashlar::os
