// SPDX-License-Identifier: MIT
// The sub-commands of `ashlar`. Each adds itself to the command line and leaves in `action` what main is to
// run if it was the one that was asked for; the action returns the exit status.
#pragma once

#include <functional>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

using Action = std::function<int()>;

inline constexpr int kSuccess = 0;
inline constexpr int kSomethingFailed = 1; // of what was run; it is named in the output
inline constexpr int kUsageError = 2;
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;
inline constexpr int kInterrupted = 130; // as shells say for Ctrl-C

void add_bench(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_repeat(CLI::App& app, Action& action);

} // namespace ashlar::commands
