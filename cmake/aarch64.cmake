# SPDX-License-Identifier: MIT
# Debian's cross compiler for aarch64; qemu-user runs what it makes. Packages that are found are this machine's, so only
# what needs headers alone can be built: the libraries and the unit tests.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
