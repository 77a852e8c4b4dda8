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
inline constexpr int kBySignal = 128; // and the signal's number, as shells say: 130 for Ctrl-C

// Where a command of the user's is run, as env and timeout have them.
inline constexpr int kTimedOut = 124;
inline constexpr int kOwnFailure = 125; // before the command could be started
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

// How --help looks; before any command is added.
void form_help(CLI::App& app);

void add_run(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_repeat(CLI::App& app, Action& action);
void add_profile(CLI::App& app, Action& action);
void add_alarm(CLI::App& app, Action& action);
void add_budget(CLI::App& app, Action& action);
void add_stats(CLI::App& app, Action& action);
void add_top(CLI::App& app, Action& action);
void add_help(CLI::App& app, Action& action);
void add_words(CLI::App& app, Action& action);
void add_documents(CLI::App& app, Action& action); // last: writes about the others

} // namespace ashlar::commands
