// SPDX-License-Identifier: MIT
//
// A simulated machine with several nodes. Each thread chooses its node.
#pragma once

#include "os/topology.h"

namespace unit {

inline thread_local unsigned node_here = 0; // node of the calling thread

// Simulates `count` nodes until its destruction.
class Nodes {
  public:
    explicit Nodes(unsigned count) : before_(ashlar::os::topology.nodes.load()) {
        ashlar::os::topology.nodes = count;
        ashlar::os::topology.node_here = [] { return node_here; };
    }
    ~Nodes() {
        ashlar::os::topology.nodes = before_;
        ashlar::os::topology.node_here = nullptr;
        node_here = 0;
    }
    Nodes(const Nodes&) = delete;
    Nodes& operator=(const Nodes&) = delete;

  private:
    unsigned before_;
};

} // namespace unit
