# SPDX-License-Identifier: MIT
# What cpack makes (the preset `package`): Debian packages of the components `runtime`, `development` and `commands`, and
# an archive of everything. Files that only Debian's packages have are installed with a component and EXCLUDE_FROM_ALL.

# Who answers for the packages: whoever makes them, as Debian's tools are told; else the author of the last commit.
set(contact "")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(contact "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
  execute_process(COMMAND git -c safe.directory=* log -1 "--format=%an <%ae>" WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE contact OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(ASHLAR_PACKAGE_CONTACT "${contact}" CACHE STRING "Maintainer of the packages: Name <address>")
if(NOT ASHLAR_PACKAGE_CONTACT MATCHES "^[^<>]+ <[^<>@ ]+@[^<>@ ]+>$")
  message(FATAL_ERROR "Packages need a maintainer, not \"${ASHLAR_PACKAGE_CONTACT}\": "
    "configure with -DASHLAR_PACKAGE_CONTACT='Name <address>', or set DEBFULLNAME and DEBEMAIL")
endif()

set(CPACK_PACKAGE_NAME ashlar)
set(CPACK_PACKAGE_VENDOR "The Ashlar authors")
set(CPACK_PACKAGE_CONTACT "${ASHLAR_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL runtime development commands)
set(CPACK_COMPONENTS_GROUPING IGNORE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SOURCE ashlar)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

set(library libashlar${PROJECT_VERSION_MAJOR})
set(same_version "${library} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${library})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS ashlar)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_SOURCE_DIR}/debian/symbols ${CMAKE_CURRENT_SOURCE_DIR}/debian/triggers)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "drop-in malloc for Linux - shared libraries
Ashlar is a size-class allocator that programs get with LD_PRELOAD or by
linking. It reports misuse of the heap by default.
.
This package has the allocator, its hardened edition, and a profiler of locks.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libashlar-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${same_version}")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "drop-in malloc for Linux - files for developers
Ashlar is a size-class allocator that programs get with LD_PRELOAD or by
linking. It reports misuse of the heap by default.
.
This package has the headers, the static library, and what CMake and
pkg-config need to find them.")

set(CPACK_DEBIAN_COMMANDS_PACKAGE_NAME ashlar)
set(CPACK_DEBIAN_COMMANDS_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_COMMANDS_PACKAGE_DEPENDS "${same_version}")
set(CPACK_DEBIAN_COMMANDS_DESCRIPTION "drop-in malloc for Linux - commands
Ashlar is a size-class allocator that programs get with LD_PRELOAD or by
linking. It reports misuse of the heap by default.
.
This package has the command ashlar, which runs programs on the allocator,
compares allocators, and tells what the memory of a process is used for. It
also has the benchmark programs and the documents.")
include(CPack)

find_program(ASHLAR_GZIP gzip REQUIRED)
set(pages ${CMAKE_CURRENT_BINARY_DIR}/debian/man)
add_custom_command(OUTPUT ${pages}
  COMMAND ${CMAKE_COMMAND} -DFROM=${ASHLAR_DOCUMENTS} -DTO=${pages} -DGZIP=${ASHLAR_GZIP}
    -P ${CMAKE_CURRENT_SOURCE_DIR}/debian/compress_pages.cmake
  DEPENDS ashlar_documents debian/compress_pages.cmake
  COMMENT "Compressing manual pages" VERBATIM)
add_custom_target(ashlar_compressed_pages ALL DEPENDS ${pages})
install(DIRECTORY ${pages}/man1 ${pages}/man5 ${pages}/man7 DESTINATION ${CMAKE_INSTALL_MANDIR}
  COMPONENT commands EXCLUDE_FROM_ALL)
install(DIRECTORY ${pages}/man3 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT development EXCLUDE_FROM_ALL)

configure_file(debian/changelog.in debian/changelog @ONLY)
execute_process(COMMAND ${ASHLAR_GZIP} -9nkf ${CMAKE_CURRENT_BINARY_DIR}/debian/changelog COMMAND_ERROR_IS_FATAL ANY)
foreach(component runtime development commands)
  string(TOUPPER ${component} name)
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${name}_PACKAGE_NAME})
  install(FILES debian/copyright DESTINATION ${folder} COMPONENT ${component} EXCLUDE_FROM_ALL)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/debian/changelog.gz
    DESTINATION ${folder} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
install(FILES debian/overrides RENAME ${library} DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  COMPONENT runtime EXCLUDE_FROM_ALL)
