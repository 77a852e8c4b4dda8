// SPDX-License-Identifier: MIT
// A program as a process runs it: what it was started from and with, as far as /proc tells.
#pragma once

#include "diagnose/loaded_objects.h"

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ashlar::diagnose {

struct ProgramImage {
    pid_t process = 0;
    pid_t parent = 0;
    std::string path;   // of the executable; of a script: of its interpreter
    std::string folder; // the working folder
    std::vector<std::string> arguments;
    std::optional<std::string> preload; // LD_PRELOAD, as the program was started with it
    std::optional<std::string> conf;    // ASHLAR_CONF
    bool environment_known = false;
    bool is_privileged = false; // the loader is in its secure mode: setuid, setgid or file capabilities
    LoadedObjects loaded;
};

// What holds from the first instruction on; `loaded` is left empty. Nothing if there is no such process.
std::optional<ProgramImage> read_image(pid_t process);

// Whether `seen` was read while the kernel was still putting what is there `now` into its place: the file was
// there, its arguments were not.
bool is_beginning(const ProgramImage& seen, const ProgramImage& now);

// Nothing if there is no such process.
std::optional<pid_t> parent_of(pid_t process);

// Would the kernel run that file with more privileges than this process has? (A traced program does not get
// them, so what it shows is not what happens otherwise.)
bool gains_privileges(const std::string& path);

} // namespace ashlar::diagnose
