// SPDX-License-Identifier: MIT
// The libraries in a process, and whose malloc each of them calls. That is not what should be, but the
// addresses that the dynamic loader has put into its memory. So a library that was bound past the preloaded
// malloc, as RTLD_DEEPBIND does, is seen without knowing how it was opened.
//
// Reads /proc alone; the process runs on meanwhile and is believed in nothing. Memory can be read by the same
// user with leave to trace it, or by root. Without that leave the files are known but not who calls whom.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::diagnose {

struct LoadedObject {
    std::string path;            // as the kernel names the mapped file
    std::string calls_malloc_of; // path of the object; empty: calls none, has called none yet, or not known
};

struct LoadedObjects {
    enum class Known {
        kNothing,  // not permitted, or the process is gone
        kFiles,    // which files are mapped, in order of address
        kBindings, // all, in the order in which the loader searches them
    };
    Known known = Known::kNothing;
    std::vector<LoadedObject> objects;

    bool contains(const std::string& path) const;

    // Whether there are only a program and the dynamic loader. The loader has not come to the libraries yet,
    // or has ended the program for want of one.
    bool are_few() const;
};

LoadedObjects loaded_objects(pid_t process);

} // namespace ashlar::diagnose
