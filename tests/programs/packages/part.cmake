# SPDX-License-Identifier: MIT
# cmake -DSOURCE=... -DTREE=... -DGENERATOR=... -DC_COMPILER=... -DCXX_COMPILER=... [-DBUILD=ON] -P part.cmake
# Fails unless another project can include Ashlar in both ways. With BUILD its program must also run on Ashlar.
function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command} failed: ${said}")
  endif()
endfunction()

foreach(way add_subdirectory FetchContent)
  file(REMOVE_RECURSE ${TREE})
  run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/project -B ${TREE} -G ${GENERATOR} -DCMAKE_C_COMPILER=${C_COMPILER}
    -DCMAKE_CXX_COMPILER=${CXX_COMPILER} -DWAY=${way} -DASHLAR_SOURCE=${SOURCE})
  file(READ ${TREE}/compile_commands.json commands)
  if(NOT commands MATCHES "-O2 -DNDEBUG[^\n]*core/heap/heap.cc")
    message(FATAL_ERROR "without a build type Ashlar is not optimised")
  endif()
  if(BUILD)
    run(${CMAKE_COMMAND} --build ${TREE} --target user)
    run(${TREE}/user)
  endif()
endforeach()
