// SPDX-License-Identifier: MIT
// The sub-commands of `ashlar`. Each adds itself to the command line. The parsed one leaves its work in
// `action`, which main runs and which returns the exit status.
#pragma once

#include <functional>

namespace CLI { // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ashlar::commands {

using Action = std::function<int()>;

inline constexpr int kSuccess = 0;
inline constexpr int kSomethingFailed = 1; // a failure of the command that was run; the output names it
inline constexpr int kUsageError = 2;
inline constexpr int kBySignal = 128; // plus the signal's number, as in shells: 130 for Ctrl-C

// For sub-commands that run a command of the user's, as in env and timeout.
inline constexpr int kTimedOut = 124;
inline constexpr int kOwnFailure = 125; // before the command could be started
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;

// Sets the form of --help. Must precede the sub-commands.
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
void add_documents(CLI::App& app, Action& action); // last: documents the other sub-commands

} // namespace ashlar::commands
