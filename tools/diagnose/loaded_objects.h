// SPDX-License-Identifier: MIT
// The libraries in a process, and the malloc that each of them calls. Reads the addresses that the dynamic
// loader bound, not what should be bound. So a library that bypasses the preloaded malloc, as RTLD_DEEPBIND
// does, is seen however it was opened.
//
// Reads /proc only, while the process runs, and trusts none of its data. Reading memory requires the same
// user with permission to trace, or root. Without that, the files are known but not the bindings.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::diagnose {

struct LoadedObject {
    std::string path;            // as the kernel names the mapped file
    std::string calls_malloc_of; // path of the object; empty: it calls none, has called none yet, or unknown
};

struct LoadedObjects {
    enum class Known {
        kNothing,  // not permitted, or the process has ended
        kFiles,    // the mapped files, by address
        kBindings, // everything, in the loader's search order
    };
    Known known = Known::kNothing;
    std::vector<LoadedObject> objects;

    bool contains(const std::string& path) const;

    // Returns whether there are only a program and the dynamic loader. The loader has not mapped the
    // libraries yet, or ended the program because one was missing.
    bool are_few() const;
};

LoadedObjects loaded_objects(pid_t process);

} // namespace ashlar::diagnose
