# SPDX-License-Identifier: MIT
# cmake -DSOURCE=... -DTREE=... -DCOMPILER=... -P install_preset.cmake
# Fails unless the preset `install` can be configured where Catch2 and Google Benchmark are not installed.
file(REMOVE_RECURSE ${TREE})
execute_process(COMMAND ${CMAKE_COMMAND} --preset install -B ${TREE} -DCMAKE_CXX_COMPILER=${COMPILER}
    -DCMAKE_DISABLE_FIND_PACKAGE_Catch2=ON -DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON
  WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "cmake failed: ${said}")
endif()
