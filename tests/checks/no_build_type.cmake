# SPDX-License-Identifier: MIT
# cmake -DSOURCE=... -DTREE=... -DGENERATOR=... -DCOMPILER=... -P no_build_type.cmake
# Fails unless a build configured without a build type equals the preset `release`.
file(REMOVE_RECURSE ${TREE})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${TREE} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
    -DASHLAR_BUILD_TESTS=OFF -DASHLAR_BUILD_TOOLS=OFF -DASHLAR_BUILD_BENCH=OFF
  OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "cmake failed: ${said}")
endif()
load_cache(${TREE} READ_WITH_PREFIX plain_ CMAKE_BUILD_TYPE CMAKE_CXX_FLAGS_RELEASE)

file(READ ${SOURCE}/CMakePresets.json presets)
string(JSON preset GET "${presets}" configurePresets 1 cacheVariables)
foreach(name CMAKE_BUILD_TYPE CMAKE_CXX_FLAGS_RELEASE)
  string(JSON wanted GET "${preset}" ${name})
  if(NOT "${plain_${name}}" STREQUAL wanted)
    message(FATAL_ERROR "${name} is '${plain_${name}}', in the preset release '${wanted}'")
  endif()
endforeach()
