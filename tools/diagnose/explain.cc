// SPDX-License-Identifier: MIT
#include "diagnose/explain.h"

#include "diagnose/preload_list.h"
#include "machine/elf_file.h"
#include "machine/program_search.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string_view>
#include <sys/statvfs.h>

namespace ashlar::diagnose {

namespace {

namespace fs = std::filesystem;
using machine::ElfFile;

// Functions of only one allocator each. A program that calls them uses that allocator, whatever malloc is.
constexpr std::array<std::string_view, 11> kOwnInterfaces{
    "je_malloc",       "mallocx",  "sdallocx",        "mi_malloc",    "mi_heap_malloc", "tc_malloc",
    "MallocExtension", "rpmalloc", "scalable_malloc", "_rjem_malloc", "__libc_malloc"};

constexpr std::array<std::string_view, 5> kBuiltIn{"je_malloc", "_rjem_malloc", "mi_malloc", "tc_malloc",
                                                   "rpmalloc"};

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

// ELF files, each read once. A file that cannot be read has no properties.
class Files {
  public:
    explicit Files(std::string root = "") : root_(std::move(root)) {}

    // Returns where this program finds `path` of the observed programs.
    std::string here(const std::string& path) const { return path.starts_with('/') ? root_ + path : path; }

    const ElfFile* elf(const std::string& path) {
        auto [entry, is_new] = known_.try_emplace(path);
        if (is_new) {
            entry->second = read(here(path));
            // After chroot in a mount namespace, the kernel names mappings from the root of the namespace.
            if (!entry->second && here(path) != path) {
                entry->second = read(path);
            }
        }
        return entry->second ? &*entry->second : nullptr;
    }
    bool exports(const std::string& path, std::string_view name) {
        const ElfFile* const file = elf(path);
        return file != nullptr && file->exports.contains(name);
    }
    bool is_ashlar(const std::string& path) {
        return exports(path, "ashlar_version") && exports(path, "malloc");
    }

  private:
    static std::optional<ElfFile> read(const std::string& path) {
        try {
            return machine::read_elf(path);
        } catch (const std::runtime_error&) {
            return std::nullopt;
        }
    }

    std::string root_;
    std::map<std::string, std::optional<ElfFile>> known_;
};

bool is_c_library(const std::string& path) {
    const std::string name = file_name(path);
    return name.starts_with("libc.so") || name.starts_with("libc-") || name.starts_with("ld-linux");
}

// --- Why a program cannot have the library: files, environment, and both together -------------------------

Finding foreign(const std::string& path, const ElfFile& program, const ElfFile& library) {
    return {"architecture",
            path + " is a " + program.architecture() + " program, libashlar.so is for " +
                library.architecture(),
            "build the library for that architecture and name it with --library"};
}

Finding other_c_library(const std::string& path, const std::string& interpreter) {
    return {"musl", path + " is loaded by " + interpreter + ", which is musl's; libashlar.so needs glibc",
            "use a build of the program for glibc"};
}

Finding is_static(const std::string& path) {
    return {"static", path + " is statically linked: no dynamic loader reads LD_PRELOAD for it",
            "link the program dynamically, or link it with libashlar.a and call the ashlar_ functions"};
}

Finding privileged(const std::string& path) {
    return {"privileged",
            path + " runs with the privileges of its file (setuid, setgid or capabilities), and for such "
                   "programs the loader ignores paths in LD_PRELOAD",
            "start it as the user that it turns into, or name the library in /etc/ld.so.preload, which then "
            "counts for every program of the system"};
}

// Returns whether the file is a dynamic loader, which is a program too and can be started by hand.
bool is_loader(const std::string& path) {
    return file_name(path).starts_with("ld-");
}

// Returns the property of the file that prevents preloading, or nothing for an ordinary program.
std::optional<Finding> obstacle_in_file(Files& files, const std::string& path) {
    const ElfFile* const program = files.elf(path);
    if (program == nullptr) {
        return std::nullopt;
    }
    // Compare with this program: the library is for the same machine.
    if (const auto own = machine::read_elf("/proc/self/exe"); own && !program->fits(*own)) {
        return foreign(path, *program, *own);
    }
    if (program->interpreter.find("ld-musl") != std::string::npos) {
        return other_c_library(path, program->interpreter);
    }
    if (program->interpreter.empty() && !program->needs_libraries && !is_loader(path)) {
        return is_static(path);
    }
    return std::nullopt;
}

// Returns why the loader rejects an entry of LD_PRELOAD, if that can be seen from outside. The loader itself
// reports it on stderr only, and the program runs without the entry.
std::optional<Finding> obstacle_in_entry(Files& files, const std::string& entry, const ProgramImage& image,
                                         const std::string& library) {
    if (entry.find('/') == std::string::npos || entry.find('$') != std::string::npos) {
        return std::nullopt; // the loader searches for or expands these
    }
    const fs::path path = fs::path(image.folder) / entry;
    std::error_code error;
    if (!fs::exists(files.here(path), error)) {
        const bool relative = entry[0] != '/';
        return Finding{"missing",
                       "LD_PRELOAD names " + entry + ", and there is no such file" +
                           (relative ? " in " + image.folder : ""),
                       relative ? "name it by its whole path"
                       : library.empty()
                           ? "correct the path"
                           : "correct the path, or use `ashlar run`; the library is " + library};
    }
    const ElfFile* const file = files.elf(path);
    if (file == nullptr) {
        return Finding{"no library", "LD_PRELOAD names " + entry + ", which is no library or cannot be read",
                       "name libashlar.so itself, in a folder that the program's user may read"};
    }
    const ElfFile* const program = files.elf(image.path);
    if (program != nullptr && !program->fits(*file)) {
        return Finding{"architecture",
                       entry + " is for " + file->architecture() + ", " + image.path + " a " +
                           program->architecture() + " program",
                       "use a library that was built for the program's architecture"};
    }
    struct statvfs mount {};
    if (statvfs(files.here(path).c_str(), &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0) {
        return Finding{"noexec", entry + " lies on a file system that is mounted noexec",
                       "copy the library to another file system"};
    }
    return std::nullopt;
}

bool names_ashlar(Files& files, const ProgramImage& image) {
    const auto entries = preload_entries(image.preload.value_or(""));
    return std::any_of(entries.begin(), entries.end(), [&](const std::string& entry) {
        return file_name(entry).find("ashlar") != std::string::npos ||
               files.is_ashlar(fs::path(image.folder) / entry);
    });
}

Finding not_in_environment(Files& files, const ProgramImage& image, const ProgramImage* starter) {
    const std::string lacks = image.preload && !image.preload->empty()
                                  ? "its LD_PRELOAD is '" + *image.preload + "', without Ashlar"
                                  : "there is no LD_PRELOAD in its environment";
    if (starter == nullptr || !names_ashlar(files, *starter)) {
        return {"not asked for", file_name(image.path) + ": " + lacks,
                "start it with `ashlar run -- COMMAND`, or put Environment=LD_PRELOAD=/path/libashlar.so "
                "into its unit if systemd starts it"};
    }
    return {"scrubbed",
            file_name(image.path) + ": " + lacks + "; " + starter->path + " (process " +
                std::to_string(starter->process) + "), which started it, had one",
            "set LD_PRELOAD behind the program that drops it: `env -i LD_PRELOAD=$LD_PRELOAD COMMAND`, `sudo "
            "ashlar run -- COMMAND`, or the line that clears the environment in " +
                file_name(starter->path)};
}

std::vector<Finding> why_not(Files& files, const ProgramImage& image, const ProgramImage* starter,
                             const std::string& library) {
    if (const auto obstacle = obstacle_in_file(files, image.path)) {
        return {*obstacle};
    }
    if (image.is_privileged || gains_privileges(image.path)) {
        return {privileged(image.path)};
    }
    if (is_loader(image.path)) {
        return {{"no program", image.path + " is the dynamic loader, and it loaded no program",
                 "name a program for it to load, or look at the program itself"}};
    }
    if (!image.environment_known) {
        return {};
    }
    std::vector<Finding> findings;
    for (const std::string& entry : preload_entries(image.preload.value_or(""))) {
        if (const auto obstacle = obstacle_in_entry(files, entry, image, library)) {
            findings.push_back(*obstacle);
        }
    }
    if (!findings.empty()) {
        return findings;
    }
    if (!names_ashlar(files, image)) {
        return {not_in_environment(files, image, starter)};
    }
    return {{"refused", "the loader was asked for " + *image.preload + " and did not take it",
             "see what it says: `LD_DEBUG=libs,files COMMAND 2>&1 | grep -i ashlar`"}};
}

// --- What a program does that has the library -----------------------------------------------------------

// Returns the file whose malloc the program calls: the first one in the loader's order that exports it. Falls
// back to the bindings if the files cannot be read.
std::string malloc_in_force(Files& files, const LoadedObjects& loaded, const ProgramImage& image) {
    if (loaded.known == LoadedObjects::Known::kFiles) {
        return files.exports(image.path, "malloc") ? image.path : "";
    }
    for (const LoadedObject& object : loaded.objects) {
        if (files.exports(object.path, "malloc")) {
            return object.path;
        }
    }
    for (const LoadedObject& object : loaded.objects) {
        if (!object.calls_malloc_of.empty()) {
            return object.calls_malloc_of; // the files themselves cannot be read
        }
    }
    return "";
}

Finding overtaken(const ProgramImage& image, const std::string& by, const std::string& library) {
    if (by == image.path) {
        return {"own malloc",
                image.path + " defines malloc itself, which comes before every preloaded library",
                "build the program without its own allocator (often a build option such as "
                "--without-jemalloc)"};
    }
    const std::string order = image.preload ? "LD_PRELOAD is '" + *image.preload + "'; put " + library +
                                                  " first, or use `ashlar run`, which does"
                                            : "look into /etc/ld.so.preload";
    return {"other preload", by + " is loaded before Ashlar and defines malloc", order};
}

void look_at_bindings(Files& files, const ProgramImage& image, Diagnosis& diagnosis) {
    for (const LoadedObject& object : image.loaded.objects) {
        const bool defines = files.exports(object.path, "malloc");
        if (!defines && !object.calls_malloc_of.empty() && object.calls_malloc_of != diagnosis.in_force) {
            diagnosis.state = State::kPartly;
            diagnosis.findings.insert(
                diagnosis.findings.begin(),
                {"deep bind",
                 object.path + " calls the malloc of " + object.calls_malloc_of +
                     ": it was opened with RTLD_DEEPBIND (or linked so that it prefers its own libraries)",
                 "its blocks may be freed by Ashlar all the same; to have them made by Ashlar too, open it "
                 "without RTLD_DEEPBIND"});
        } else if (defines && object.path != diagnosis.in_force && !is_c_library(object.path)) {
            diagnosis.findings.push_back(
                {"other allocator",
                 object.path + " is loaded too; malloc is Ashlar's, but functions that only "
                               "it has are still served by it",
                 "nothing to do unless the program calls those (jemalloc's mallocx, mimalloc's mi_malloc, "
                 "...)"});
        }
    }
}

// Looks for an allocator that is linked into the program and called by its own names.
void look_for_own_interfaces(Files& files, const ProgramImage& image, Diagnosis& diagnosis) {
    const ElfFile* const program = files.elf(image.path);
    if (program == nullptr) {
        return;
    }
    std::string names;
    const auto note = [&](std::string_view name) {
        names += (names.empty() ? "" : ", ") + std::string(name);
    };
    for (const std::string_view name : kOwnInterfaces) {
        if (program->imports.contains(name)) note(name);
    }
    for (const std::string_view name : kBuiltIn) {
        if (program->internal.contains(name) || program->exports.contains(name)) note(name);
    }
    if (program->internal.contains("malloc") && !program->imports.contains("malloc")) {
        note("malloc (its own, not visible to the loader)");
    }
    if (!names.empty()) {
        diagnosis.findings.push_back(
            {"own interface", image.path + " uses an allocator by functions of its own: " + names,
             "what it allocates by these is not Ashlar's; build the program without that allocator"});
    }
}

bool is_switched_off(const ProgramImage& image) {
    const std::string conf = "," + image.conf.value_or("") + ",";
    const auto off = conf.rfind(",enabled:false,");
    const auto on = conf.rfind(",enabled:true,");
    return off != std::string::npos && (on == std::string::npos || on < off);
}

Diagnosis examine_loaded(Files& files, const ProgramImage& image, Diagnosis diagnosis) {
    diagnosis.in_force = malloc_in_force(files, image.loaded, image);
    diagnosis.state = State::kLoaded;
    if (!diagnosis.in_force.empty() && diagnosis.in_force != diagnosis.library) {
        diagnosis.state = State::kOvertaken;
        diagnosis.findings.push_back(overtaken(image, diagnosis.in_force, diagnosis.library));
        return diagnosis;
    }
    if (is_switched_off(image)) {
        diagnosis.state = State::kOvertaken;
        diagnosis.findings.push_back({"switched off",
                                      "ASHLAR_CONF says enabled:false, so the system's malloc serves "
                                      "everything behind Ashlar",
                                      "take enabled:false out of ASHLAR_CONF"});
    }
    look_at_bindings(files, image, diagnosis);
    look_for_own_interfaces(files, image, diagnosis);
    return diagnosis;
}

Diagnosis explain_one(Files& files, const ObservedProgram& program, const ProgramImage* starter,
                      const std::string& library) {
    const ProgramImage& image = program.image;
    Diagnosis diagnosis;
    // A traced program runs without the privileges of its file. What it loads then proves nothing.
    const bool would_be_privileged =
        program.is_traced && !image.is_privileged && gains_privileges(image.path);
    for (const LoadedObject& object : image.loaded.objects) {
        if (object.path == library || files.is_ashlar(object.path)) {
            diagnosis.library = object.path;
            break;
        }
    }
    if (!diagnosis.library.empty() && !would_be_privileged) {
        return examine_loaded(files, image, std::move(diagnosis));
    }
    // A traced program is read when it ends, so its list is final.
    const bool not_seen = image.loaded.known == LoadedObjects::Known::kNothing ||
                          (!program.is_traced && image.loaded.are_few());
    if (program.fate == ObservedProgram::Fate::kReplaced && not_seen) {
        return diagnosis; // the next program of the process decides
    }
    diagnosis.library.clear();
    diagnosis.findings = why_not(files, image, starter, library);
    const bool no_reason = diagnosis.findings.empty() || diagnosis.findings.front().cause == "refused";
    if (program.fate == ObservedProgram::Fate::kReplaced && no_reason && !program.is_traced &&
        image.loaded.objects.size() == 1) { // read before the dynamic loader was mapped
        diagnosis.findings.clear();
        return diagnosis;
    }
    if (not_seen && no_reason) {
        diagnosis.findings = {{"not seen",
                               file_name(image.path) + " (process " + std::to_string(image.process) +
                                   ") could not be looked at: it ended too early, or this is not permitted",
                               "ask as the user that it runs as, or as root"}};
        return diagnosis;
    }
    diagnosis.state = State::kNotLoaded;
    diagnosis.in_force = malloc_in_force(files, image.loaded, image);
    return diagnosis;
}

} // namespace

std::vector<Diagnosis> explain(const std::vector<ObservedProgram>& programs, const std::string& library,
                               const std::string& root) {
    Files files(root);
    std::vector<Diagnosis> diagnoses;
    diagnoses.reserve(programs.size());
    for (const ObservedProgram& program : programs) {
        const ProgramImage* const starter =
            program.started_by ? &programs[*program.started_by].image : nullptr;
        diagnoses.push_back(explain_one(files, program, starter, library));
    }
    return diagnoses;
}

Foresight foresee(const std::string& command) {
    Files files;
    Foresight foresight;
    std::string path = machine::find_program(command).path;
    constexpr int kMostInterpreters = 4; // levels that the kernel follows, see execve(2)
    try {
        for (int depth = 0; depth < kMostInterpreters && !path.empty(); ++depth) {
            const auto interpreter = machine::shebang(path);
            if (!interpreter) {
                break;
            }
            std::error_code error;
            if (!fs::exists(*interpreter, error)) {
                foresight.findings.push_back(
                    {"interpreter",
                     "the script " + path + " asks for '" + *interpreter + "', which does not exist",
                     "install it, or correct the script's first line"});
                foresight.prevents_running = true;
                return foresight;
            }
            path = *interpreter;
        }
    } catch (const std::runtime_error&) {
        return foresight; // executing it reports the reason
    }
    if (const auto obstacle = obstacle_in_file(files, path)) {
        foresight.findings.push_back(*obstacle);
        foresight.prevents_running = obstacle->cause == "architecture" || obstacle->cause == "musl";
    }
    if (const ElfFile* const program = files.elf(path); program != nullptr && !program->interpreter.empty()) {
        std::error_code error;
        if (!fs::exists(program->interpreter, error) && !foresight.prevents_running) {
            foresight.findings.push_back(
                {"loader", path + " asks for the loader " + program->interpreter + ", which does not exist",
                 "install the C library that it was built for"});
            foresight.prevents_running = true;
        }
    }
    return foresight;
}

const char* state_name(State state) {
    switch (state) {
    case State::kLoaded:
        return "loaded";
    case State::kPartly:
        return "partly loaded";
    case State::kOvertaken:
        return "loaded but not in force";
    case State::kNotLoaded:
        return "not loaded";
    case State::kUnknown:
        break;
    }
    return "not known";
}

Summary summarise(const std::vector<ObservedProgram>& programs, const std::vector<Diagnosis>& diagnoses) {
    std::size_t seen = 0;
    std::size_t loaded = 0;
    const Diagnosis* first_other = nullptr;
    const Diagnosis* first_unseen = nullptr;
    for (std::size_t index = 0; index < programs.size(); ++index) {
        const Diagnosis& diagnosis = diagnoses[index];
        if (diagnosis.state == State::kUnknown) {
            first_unseen = first_unseen != nullptr || diagnosis.findings.empty() ? first_unseen : &diagnosis;
            continue;
        }
        ++seen;
        loaded += diagnosis.state == State::kLoaded ? 1 : 0;
        if (diagnosis.state != State::kLoaded && first_other == nullptr) {
            first_other = &diagnosis;
        }
    }
    const auto because = [](const Diagnosis& diagnosis) {
        return diagnosis.findings.empty() ? std::string() : ": " + diagnosis.findings.front().what;
    };
    if (seen == 0) {
        return {State::kUnknown, "not known" + (first_unseen == nullptr ? "" : because(*first_unseen))};
    }
    if (loaded == seen) {
        return {State::kLoaded, "loaded in " + (seen == 1 ? std::string("the process")
                                                          : "all " + std::to_string(seen) + " processes")};
    }
    if (loaded > 0) {
        return {State::kPartly, "loaded in " + std::to_string(loaded) + " of " + std::to_string(seen) +
                                    " processes" + because(*first_other)};
    }
    return {first_other->state, state_name(first_other->state) + because(*first_other)};
}

} // namespace ashlar::diagnose
