// SPDX-License-Identifier: MIT
#include "diagnose/program_image.h"

#include "machine/files.h"

#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace ashlar::diagnose {

namespace {

std::vector<std::string> texts(const std::string& joined) {
    std::vector<std::string> result;
    std::istringstream text(joined);
    for (std::string each; std::getline(text, each, '\0');) {
        result.push_back(each);
    }
    return result;
}

std::string link_target(const std::string& link) {
    std::error_code error;
    return std::filesystem::read_symlink(link, error).string();
}

// Read by hand: libelf knows an auxiliary vector only as a note in a core file.
bool in_secure_mode(const std::string& auxiliary) {
    for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= auxiliary.size(); at += sizeof(Elf64_auxv_t)) {
        Elf64_auxv_t entry{};
        std::memcpy(&entry, auxiliary.data() + at, sizeof entry);
        if (entry.a_type == AT_SECURE) {
            return entry.a_un.a_val != 0;
        }
    }
    return false;
}

} // namespace

bool is_beginning(const ProgramImage& seen, const ProgramImage& now) {
    return seen.process == now.process && seen.path == now.path && seen.arguments.empty() &&
           !now.arguments.empty();
}

std::optional<pid_t> parent_of(pid_t process) {
    const auto status = machine::read_file("/proc/" + std::to_string(process) + "/status");
    constexpr std::string_view kKey = "\nPPid:";
    const auto at = status ? status->find(kKey) : std::string::npos;
    if (at == std::string::npos) {
        return std::nullopt;
    }
    return static_cast<pid_t>(std::strtol(status->c_str() + at + kKey.size(), nullptr, 10));
}

std::optional<ProgramImage> read_image(pid_t process) {
    const std::string folder = "/proc/" + std::to_string(process);
    const auto parent = parent_of(process);
    if (!parent) {
        return std::nullopt;
    }
    ProgramImage image;
    image.process = process;
    image.parent = *parent;
    image.path = link_target(folder + "/exe");
    image.folder = link_target(folder + "/cwd");
    image.arguments = texts(machine::read_file(folder + "/cmdline").value_or(""));
    if (const auto environment = machine::read_file(folder + "/environ")) {
        image.environment_known = true;
        for (const std::string& entry : texts(*environment)) {
            constexpr std::string_view kPreload = "LD_PRELOAD=";
            constexpr std::string_view kConf = "ASHLAR_CONF=";
            if (entry.starts_with(kPreload) && !image.preload) {
                image.preload = entry.substr(kPreload.size());
            } else if (entry.starts_with(kConf) && !image.conf) {
                image.conf = entry.substr(kConf.size());
            }
        }
    }
    image.is_privileged = in_secure_mode(machine::read_file(folder + "/auxv").value_or(""));
    return image;
}

bool gains_privileges(const std::string& path) {
    struct stat status {};
    struct statvfs mount {};
    if (stat(path.c_str(), &status) != 0 || statvfs(path.c_str(), &mount) != 0 ||
        (mount.f_flag & ST_NOSUID) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
        return false;
    }
    const bool other_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != getuid();
    const bool other_group =
        (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && status.st_gid != getgid();
    const bool capabilities = getuid() != 0 && getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
    return other_user || other_group || capabilities;
}

} // namespace ashlar::diagnose
