# SPDX-License-Identifier: MIT
# cmake -DFROM=... -DTO=... -DGZIP=... -P compress_pages.cmake
# Copies manual pages as Debian's packages have them.
file(REMOVE_RECURSE ${TO})
file(GLOB sections ${FROM}/man*)
file(COPY ${sections} DESTINATION ${TO})
file(GLOB_RECURSE pages ${TO}/*)
execute_process(COMMAND ${GZIP} -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
