// SPDX-License-Identifier: MIT
#include "suite/programs.h"

#include "suite/installed.h"
#include "suite/languages.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <functional>
#include <optional>

namespace ashlar::suite {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// A server's setup takes longer on a busy machine than its run in the warm-up suggests.
constexpr std::chrono::minutes kTimeLimit{2};

// The values from which a program's command line is made.
struct Setting {
    std::vector<std::string> found; // the programs in `needs`, in that order
    fs::path scratch;
    bool quick;

    std::uint64_t scaled(std::uint64_t usual) const { return quick ? usual / 4 : usual; }
};

struct Commands {
    Words command;
    std::string server{};
};

// A program that a suite needs, under any of `names`.
struct Need {
    Words names;
    Words ask{}; // see find_installed
    std::string package;
};

struct Entry {
    RealProgram program;
    std::vector<Need> needs;
    Commands (*commands)(const Setting&);
};

// Replaces names in a script. fmt::format is unsuitable, because scripts have braces.
std::string with(std::string script, const std::vector<std::pair<std::string, std::string>>& values) {
    for (const auto& [name, value] : values) {
        for (auto place = script.find(name); place != std::string::npos;
             place = script.find(name, place + value.size())) {
            script.replace(place, name.size(), value);
        }
    }
    return script;
}

Commands redis(const Setting& setting) {
    const std::string socket = setting.scratch / "redis.sock";
    return {.command = {setting.found[1], "-s", socket, "-q", "-n", std::to_string(setting.scaled(200'000)),
                        "-c", "20", "-P", "8", "-r", "100000", "-d", "100", "-t", "set,get,lpush,hset,sadd"},
            .server =
                with("mkdir -p '@FOLDER@' && exec @SERVER@ --port 0 --unixsocket '@SOCKET@' --save '' "
                     "--appendonly no --dir '@FOLDER@'",
                     {{"@FOLDER@", setting.scratch}, {"@SERVER@", setting.found[0]}, {"@SOCKET@", socket}})};
}

Commands sqlite(const Setting& setting) {
    return {.command = {setting.found[0], ":memory:",
                        with(R"(
CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT, number INTEGER);
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < @COUNT@)
INSERT INTO words
SELECT i, printf('%08x-%s', i * 2654435761 % 4294967296, substr('abcdefghijklmnopqrstuvwxyz', 1 + i % 20)),
       i * 7919 % 10007 FROM numbers;
CREATE INDEX by_word ON words(word);
SELECT count(*), sum(length(list)) FROM (SELECT group_concat(word) AS list FROM words GROUP BY number);
SELECT count(*) FROM words a JOIN words b ON a.id = b.id + 1 WHERE a.word < b.word;
DELETE FROM words WHERE id % 3 = 0;
SELECT count(*) FROM words;
)",
                             {{"@COUNT@", std::to_string(setting.scaled(400'000))}})}};
}

Commands python(const Setting& setting) {
    return {.command = {setting.found[0], "-c",
                        with(R"(
import json, re
rows = [{"id": i, "name": f"name {i * 7919 % 10007}", "tags": [str(i % k) for k in (3, 5, 7)], "text": "word " * (i % 40)}
        for i in range(@COUNT@)]
text = json.dumps(rows)
names = {}
for row in json.loads(text):
    names.setdefault(row["name"], []).append(row)
print(len(text), len(names), sum(len(re.findall("word", row["text"])) for row in rows))
)",
                             {{"@COUNT@", std::to_string(setting.scaled(120'000))}})}};
}

// Writes to the standard output. As root the assembler may remove a device that it writes to.
Commands compiler(const Setting& setting) {
    return {.command = {setting.found[0], "-std=c++17", setting.quick ? "-O0" : "-O2", "-S", "-o", "-",
                        language_source("tasks.cc").string()}};
}

Commands node(const Setting& setting) {
    return {.command = {setting.found[0], "-e",
                        with(R"(
const rows = [];
for (let i = 0; i < @COUNT@; ++i) {
    rows.push({id: i, name: `name ${i * 7919 % 10007}`, bytes: Buffer.alloc(100 + i % 4000, i % 256)});
}
const names = new Map();
for (const row of rows) {
    names.set(row.name, Buffer.concat([names.get(row.name) ?? Buffer.alloc(0), row.bytes.subarray(0, 64)]));
}
const text = JSON.stringify([...names].map(([name, bytes]) => ({name, bytes: bytes.toString("base64")})));
console.log(text.length, JSON.parse(text).length);
)",
                             {{"@COUNT@", std::to_string(setting.scaled(80'000))}})}};
}

// Writes, packs, reads and checks a history.
Commands git(const Setting& setting) {
    return {
        .command = {"sh", "-c",
                    with(R"(set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export HOME=$folder GIT_CONFIG_NOSYSTEM=1
cd "$folder"
@GIT@ init -q .
awk 'BEGIN {
    for (i = 1; i <= @COUNT@; ++i) {
        printf "commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 4\nstep\n", 1700000000 + i
        for (file = 0; file < 5; ++file) {
            text = ""
            for (line = 0; line < 120; ++line) text = text (line * file + (line % 17 == i % 17 ? i : 0)) " some words\n"
            printf "M 100644 inline folder%d/file%d\ndata %d\n%s\n", (i + file) % 7, file, length(text), text
        }
    }
}' | @GIT@ fast-import --quiet
@GIT@ repack -adfq --threads=1
@GIT@ log -p --stat main | wc -c
@GIT@ fsck --full main
)",
                         {{"@GIT@", setting.found[0]}, {"@COUNT@", std::to_string(setting.scaled(400))}})}};
}

Commands pictures(const Setting& setting) {
    const std::string size = setting.quick ? "400x300" : "1000x750";
    return {.command = {setting.found[0], "-seed", "1", "-size", size, "plasma:fractal", "-blur", "0x2",
                        "-resize", "150%", "-rotate", "7", "-colors", "64", "png:-"}};
}

// The server refuses to run as root. In that case the user nobody owns the data and runs the server.
Commands postgres(const Setting& setting) {
    const fs::path folder = setting.scratch / "postgres";
    const std::vector<std::pair<std::string, std::string>> values{
        {"@FOLDER@", folder},
        {"@INITDB@", setting.found[0]},
        {"@SERVER@", setting.found[1]},
        {"@PGBENCH@", setting.found[2]},
        {"@COUNT@", std::to_string(setting.scaled(2'000))},
    };
    return {.command = {"sh", "-c",
                        with(R"(set -e
@PGBENCH@ -h '@FOLDER@' -U tester -i -q -s 2 postgres
exec @PGBENCH@ -h '@FOLDER@' -U tester -n -c 2 -t @COUNT@ --random-seed=1 postgres
)",
                             values)},
            .server = with(R"(set -e
rm -rf '@FOLDER@'
mkdir -p '@FOLDER@'
as=
if [ $(id -u) -eq 0 ]; then
    chmod 755 '@FOLDER@/..'
    chown 65534:65534 '@FOLDER@'
    as='setpriv --reuid=65534 --regid=65534 --clear-groups'
fi
$as @INITDB@ -D '@FOLDER@/data' --no-locale -E UTF8 -A trust -U tester --no-sync
exec $as @SERVER@ -D '@FOLDER@/data' -k '@FOLDER@' -c listen_addresses= -c fsync=off -c shared_buffers=16MB
)",
                           values)};
}

// Returns the paths of a server program. Debian keeps them off PATH, in one folder for each version.
Words postgres_names(const std::string& name) {
    Words names{name};
    std::error_code error;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", error)) {
        names.push_back(version.path() / "bin" / name);
    }
    std::sort(names.begin() + 1, names.end(), std::greater<>());
    return names;
}

std::vector<Entry> table() {
    return {
        {.program = {.name = "redis", .about = "redis-server under five commands of redis-benchmark"},
         .needs = {{.names = {"redis-server"}, .package = "redis-server"},
                   {.names = {"redis-benchmark"}, .package = "redis-tools"}},
         .commands = redis},
        {.program = {.name = "sqlite3", .about = "a table in memory: inserts, an index, groups, a join"},
         .needs = {{.names = {"sqlite3"}, .package = "sqlite3"}},
         .commands = sqlite},
        {.program = {.name = "python3", .about = "JSON written and read, dictionaries, regular expressions"},
         .needs = {{.names = {"python3"},
                    .ask = {"-c", "import sys; print(sys.executable)"},
                    .package = "python3"}},
         .commands = python},
        {.program = {.name = "g++", .about = "one source of the suite compiled"},
         .needs = {{.names = {"g++"}, .package = "g++"}},
         .commands = compiler},
        {.program = {.name = "node", .about = "buffers, a map, JSON"},
         .needs = {{.names = {"node", "nodejs"}, .ask = {"-p", "process.execPath"}, .package = "nodejs"}},
         .commands = node},
        {.program = {.name = "git", .about = "a history written, packed, read and checked"},
         .needs = {{.names = {"git"}, .package = "git"}, {.names = {"awk"}, .package = "mawk"}},
         .commands = git},
        {.program = {.name = "imagemagick",
                     .about = "a picture blurred, resized, rotated, with fewer colours"},
         .needs = {{.names = {"magick", "convert-im6.q16", "convert"}, .package = "imagemagick"}},
         .commands = pictures},
        {.program = {.name = "postgresql", .about = "a new cluster under pgbench with two clients"},
         .needs = {{.names = postgres_names("initdb"), .package = "postgresql"},
                   {.names = postgres_names("postgres"), .package = "postgresql"},
                   {.names = postgres_names("pgbench"), .package = "postgresql"},
                   {.names = {"setpriv"}, .package = "util-linux"}},
         .commands = postgres},
    };
}

// Returns the paths of all programs that an entry needs. If one is missing, returns nothing and sets `why`.
std::optional<std::vector<std::string>> find_needs(const Entry& entry, std::string& why) {
    std::vector<std::string> found;
    for (const Need& need : entry.needs) {
        const auto path = find_installed(need.names, need.ask);
        if (!path) {
            why = fmt::format("{}: {} is not installed; apt-get install {}, or scripts/setup.sh --programs",
                              entry.program.name, need.names.front(), need.package);
            return std::nullopt;
        }
        found.push_back(*path);
    }
    return found;
}

} // namespace

std::vector<RealProgram> real_programs() {
    std::vector<RealProgram> programs;
    for (const Entry& entry : table()) {
        programs.push_back(entry.program);
    }
    return programs;
}

ProgramSuite program_suite(const std::vector<std::string>& names, const fs::path& scratch, bool quick) {
    ProgramSuite suite;
    for (const Entry& entry : table()) {
        const std::string& name = entry.program.name;
        if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
            continue;
        }
        std::string why;
        const auto found = find_needs(entry, why);
        if (!found) {
            suite.missing.push_back(why);
            continue;
        }
        Commands commands = entry.commands({.found = *found, .scratch = scratch, .quick = quick});
        suite.configurations.push_back({.name = name,
                                        .group = "programs",
                                        .command = std::move(commands.command),
                                        .time_limit = kTimeLimit,
                                        .prints = compare::Prints::kAnything,
                                        .server = std::move(commands.server)});
    }
    return suite;
}

} // namespace ashlar::suite
