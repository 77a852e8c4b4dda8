// SPDX-License-Identifier: MIT
#include "suite/languages.h"

#include "machine/files.h"
#include "machine/output_of.h"
#include "suite/installed.h"
#include "suite/program.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <stdexcept>
#include <system_error>

namespace ashlar::suite {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// Placeholders in Words: the program that was found, the source, and the folder of the compiled program.
constexpr const char* kProgram = "{program}";
constexpr const char* kSource = "{source}";
constexpr const char* kFolder = "{folder}";

struct Language {
    std::string word; // on the command line
    compare::LanguageFacts facts;
    std::string package; // of Debian 12
    std::string source;
    Words programs; // compilers or interpreters; the first installed one is used
    Words ask;      // see find_installed
    Words compile;  // empty for an interpreter
    Words run;
};

// `least` and `most` are coarse on purpose: they only catch mistakes.
const std::vector<Language>& table() {
    const Words interpreted{kProgram, kSource};
    const Words compiled{"{folder}/tasks"};
    static const std::vector<Language> languages{
        {.word = "c",
         .facts = {.name = "C", .memory = "malloc, every block", .least = 1, .most = 1},
         .package = "gcc",
         .source = "tasks.c",
         .programs = {"gcc", "cc", "clang"},
         .ask = {},
         .compile = {kProgram, "-O2", "-o", "{folder}/tasks", kSource},
         .run = compiled},
        {.word = "c++",
         .facts = {.name = "C++",
                   .memory = "malloc by operator new; strings of up to 15 letters lie in their object",
                   .least = 0.5,
                   .most = 2},
         .package = "g++",
         .source = "tasks.cc",
         .programs = {"g++", "c++", "clang++"},
         .ask = {},
         .compile = {kProgram, "-O2", "-std=c++17", "-o", "{folder}/tasks", kSource},
         .run = compiled},
        {.word = "go",
         .facts =
             {.name = "Go", .memory = "not malloc: a heap of its own, from mmap", .least = 0.5, .most = 8},
         .package = "golang-go",
         .source = "tasks.go",
         .programs = {"go"},
         .ask = {},
         .compile = {kProgram, "build", "-buildvcs=false", "-o", "{folder}/tasks", kSource},
         .run = compiled},
        {.word = "rust",
         .facts = {.name = "Rust", .memory = "malloc, every block", .least = 0.5, .most = 2},
         .package = "rustc",
         .source = "tasks.rs",
         .programs = {"rustc"},
         .ask = {},
         .compile = {kProgram, "-O", "--edition=2021", "-o", "{folder}/tasks", kSource},
         .run = compiled},
        {.word = "python",
         .facts = {.name = "Python",
                   .memory = "partly malloc: up to 512 bytes from arenas of its own, from mmap",
                   .least = 5,
                   .most = 80},
         .package = "python3",
         .source = "tasks.py",
         .programs = {"python3"},
         .ask = {"-c", "import sys; print(sys.executable)"},
         .compile = {},
         .run = interpreted},
        {.word = "node",
         .facts = {.name = "Node.js",
                   .memory = "not malloc: V8's heap, from mmap; malloc serves the runtime itself",
                   .least = 1,
                   .most = 15},
         .package = "nodejs",
         .source = "tasks.js",
         .programs = {"node", "nodejs"},
         .ask = {"-p", "process.execPath"},
         .compile = {},
         .run = interpreted},
        {.word = "ruby",
         .facts = {.name = "Ruby",
                   .memory = "partly malloc: longer strings and arrays; objects lie in pages of its own",
                   .least = 5,
                   .most = 80},
         .package = "ruby",
         .source = "tasks.rb",
         .programs = {"ruby"},
         .ask = {"-e", "puts RbConfig.ruby"},
         .compile = {},
         .run = interpreted},
        {.word = "perl",
         .facts = {.name = "Perl",
                   .memory = "malloc: strings and arrays each, heads of values in blocks of 4 KiB",
                   .least = 5,
                   .most = 100},
         .package = "perl",
         .source = "tasks.pl",
         .programs = {"perl"},
         .ask = {"-e", "print $^X"},
         .compile = {},
         .run = interpreted},
        {.word = "lua",
         .facts = {.name = "Lua", .memory = "malloc, every block", .least = 3, .most = 60},
         .package = "lua5.4",
         .source = "tasks.lua",
         .programs = {"lua5.4", "lua", "lua5.3", "lua5.1"},
         .ask = {},
         .compile = {},
         .run = interpreted},
        {.word = "java",
         .facts = {.name = "Java",
                   .memory = "not malloc: the heap of the JVM, from mmap; malloc serves the JVM itself",
                   .least = 1,
                   .most = 30},
         .package = "default-jdk-headless",
         .source = "Tasks.java",
         .programs = {"javac"},
         .ask = {},
         .compile = {kProgram, "-d", kFolder, kSource},
         // One thread collects. With more, CPU time would depend on the number of idle processors.
         .run = {"java", "-XX:+UseSerialGC", "-cp", kFolder, "Tasks"}},
    };
    return languages;
}

struct Work {
    int size;
    int iterations;
    int checksum;
};

struct Task {
    const char* word;
    std::array<Work, 3> work; // by TaskSize
};

// The usual size takes 10 to 100 ms in C, and up to 4 s in the slowest language.
constexpr std::array kTasks{
    Task{.word = "fibonacci", .work = {{{15, 2, 19520}, {30, 1, 832040}, {35, 1, 227438}}}},
    Task{.word = "trees", .work = {{{4, 3, 187054}, {13, 40, 538035}, {14, 150, 962489}}}},
    Task{.word = "arrays", .work = {{{20, 5, 754528}, {2000, 1000, 410546}, {2000, 8000, 435161}}}},
    Task{.word = "strings", .work = {{{20, 3, 872778}, {1000, 300, 348370}, {1000, 1500, 858812}}}},
};

const Work& work_of(const Task& task, TaskSize size) {
    return task.work[static_cast<std::size_t>(size)];
}

std::string checksum_line(const Work& work) {
    return fmt::format("checksum = {}", work.checksum);
}

Words filled(const Words& words, const std::string& program, const fs::path& source, const fs::path& folder) {
    Words result;
    for (std::string word : words) {
        for (const auto& [name, value] : {std::pair{kProgram, program}, std::pair{kSource, source.string()},
                                          std::pair{kFolder, folder.string()}}) {
            if (const auto place = word.find(name); place != std::string::npos) {
                word.replace(place, std::char_traits<char>::length(name), value);
            }
        }
        result.push_back(std::move(word));
    }
    return result;
}

// Returns a folder name that depends on the source, the compiler and its options.
std::string key_of(const Language& language, const std::string& compiler, const fs::path& source) {
    std::error_code unknown;
    std::string all = machine::read_file(source).value_or("") + fs::canonical(compiler, unknown).string();
    for (const std::string& word : language.compile) {
        all += " " + word;
    }
    all += std::to_string(fs::last_write_time(compiler, unknown).time_since_epoch().count());
    return fmt::format("{}-{:016x}", language.word, std::hash<std::string>{}(all));
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

// A temporary folder that is renamed when it is complete, because two processes may compile at the same time.
class FolderInTheMaking {
  public:
    explicit FolderInTheMaking(const fs::path& beside) {
        fs::create_directories(beside.parent_path());
        std::string name = beside.string() + ".XXXXXX";
        if (mkdtemp(name.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), name);
        }
        path_ = name;
    }
    ~FolderInTheMaking() {
        std::error_code gone;
        fs::remove_all(path_, gone);
    }
    FolderInTheMaking(const FolderInTheMaking&) = delete;
    FolderInTheMaking& operator=(const FolderInTheMaking&) = delete;

    const fs::path& path() const { return path_; }

    void become(const fs::path& final_path) const {
        std::error_code error;
        fs::rename(path_, final_path, error);
        if (error && !fs::is_directory(final_path)) { // another process was faster
            throw std::system_error(error, final_path.string());
        }
    }

  private:
    fs::path path_;
};

// Returns why the source cannot be compiled, or an empty text if `folder` holds the result.
std::string compile(const Language& language, const std::string& compiler, const fs::path& source,
                    const fs::path& folder) {
    if (fs::is_directory(folder)) {
        return "";
    }
    const FolderInTheMaking making(folder);
    const Words command = filled(language.compile, compiler, source, making.path());
    const machine::ProgramOutput done = machine::output_of(command);
    if (done.error != 0 || done.status != 0) {
        return fmt::format("{} cannot compile {}: {}", compiler, source.string(),
                           done.error != 0 ? std::generic_category().message(done.error)
                                           : first_line(done.errors.empty() ? done.output : done.errors));
    }
    making.become(folder);
    return "";
}

bool is_wanted(const Words& wanted, const std::string& word) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), word) != wanted.end();
}

// The command without the task's arguments, or why the language cannot run.
struct Runnable {
    Words command{};
    std::string obstacle{};
};

Runnable made_runnable(const Language& language, const fs::path& cache) {
    const auto program = find_installed(language.programs, language.ask);
    const bool has_runner = language.run.front().find('{') != std::string::npos ||
                            find_installed({language.run.front()}).has_value();
    if (!program || !has_runner) {
        return {.obstacle = fmt::format(
                    "{} is not installed; apt-get install {}, or scripts/setup.sh --programs",
                    program ? language.run.front() : language.programs.front(), language.package)};
    }
    const fs::path source = language_source(language.source);
    fs::path folder;
    if (!language.compile.empty()) {
        folder = cache / key_of(language, *program, source);
        if (const std::string why = compile(language, *program, source, folder); !why.empty()) {
            return {.obstacle = why};
        }
    }
    return {.command = filled(language.run, *program, source, folder)};
}

compare::Configuration configuration(const Language& language, Words command, const Task& task,
                                     TaskSize size) {
    const Work& work = work_of(task, size);
    command.insert(command.end(), {task.word, std::to_string(work.size), std::to_string(work.iterations)});
    return {.name = fmt::format("{}, {}", language.facts.name, task.word),
            .group = language.facts.name,
            .command = std::move(command),
            .prints = compare::Prints::kAnything,
            .own_figure = compare::OwnFigure{.pattern = "^CPU time = ([0-9.]+) ms$",
                                             .less_is_better = true,
                                             .words = "CPU time of the task, in ms"},
            .expected_line = checksum_line(work)};
}

} // namespace

std::vector<std::string> language_words() {
    std::vector<std::string> words;
    for (const Language& language : table()) {
        words.push_back(language.word);
    }
    return words;
}

std::vector<std::string> task_words() {
    std::vector<std::string> words;
    words.reserve(kTasks.size());
    for (const Task& task : kTasks) {
        words.emplace_back(task.word);
    }
    return words;
}

std::vector<compare::LanguageFacts> language_facts() {
    std::vector<compare::LanguageFacts> facts;
    for (const Language& language : table()) {
        facts.push_back(language.facts);
    }
    return facts;
}

std::string expected_checksum(const std::string& task, TaskSize size) {
    const auto* const found =
        std::find_if(kTasks.begin(), kTasks.end(), [&](const Task& each) { return each.word == task; });
    return found == kTasks.end() ? "" : checksum_line(work_of(*found, size));
}

fs::path language_source(const std::string& name) {
    const auto found = machine::find_companion("languages/" + name);
    if (!found) {
        throw std::runtime_error(how_to_get("languages/" + name, "language_sources"));
    }
    return *found;
}

LanguageSuite language_suite(const LanguageSettings& settings) {
    LanguageSuite suite;
    for (const Language& language : table()) {
        if (!is_wanted(settings.languages, language.word)) {
            continue;
        }
        const Runnable runnable = made_runnable(language, settings.cache);
        if (!runnable.obstacle.empty()) {
            suite.missing.push_back(fmt::format("{}: {}", language.facts.name, runnable.obstacle));
            continue;
        }
        for (const Task& task : kTasks) {
            if (is_wanted(settings.tasks, task.word)) {
                suite.configurations.push_back(
                    configuration(language, runnable.command, task, settings.size));
            }
        }
    }
    return suite;
}

} // namespace ashlar::suite
