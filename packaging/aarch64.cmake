# SPDX-License-Identifier: MIT
# Debian's cross compiler for aarch64; qemu-user runs what it makes. Packages that are found are this machine's, so only
# what needs headers alone can be built: the libraries, the unit tests and the contract's.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# Without a loader of its own: LD_PRELOAD is meant for the program. Programs learn by what they can execute others.
find_program(ASHLAR_QEMU qemu-aarch64-static REQUIRED)
# A processor without SVE: qemu 7.2 forgets that memory is there when it was moved with MREMAP_DONTUNMAP, for SVE's stores.
set(emulator ${ASHLAR_QEMU} -cpu neoverse-n1 -L /usr/aarch64-linux-gnu)
string(REPLACE ";" " " words "${emulator}")
set(CMAKE_CROSSCOMPILING_EMULATOR ${emulator} -E "ASHLAR_TEST_EMULATOR=${words}")
