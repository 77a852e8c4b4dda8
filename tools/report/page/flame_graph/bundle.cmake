# SPDX-License-Identifier: MIT
# Bundles d3-flame-graph, in the versions of package-lock.json, into one script. Without npm or a network the script is
# empty and the build continues. The report then says what is missing.
#
# usage: cmake -DFROM=this/folder -DWORK=folder -DNPM=npm -DTO=flame_graph.js -P bundle.cmake
file(WRITE "${TO}" "")
if(NOT NPM)
  message(STATUS "There is no npm: reports of `ashlar profile` get no flame graph")
  return()
endif()
file(MAKE_DIRECTORY "${WORK}")
foreach(each package.json package-lock.json entry.js)
  file(COPY_FILE "${FROM}/${each}" "${WORK}/${each}")
endforeach()
execute_process(COMMAND "${NPM}" ci --no-audit --no-fund --ignore-scripts --fetch-retries=1 --fetch-timeout=30000
  WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  execute_process(COMMAND "${NPM}" exec --no -- esbuild entry.js --bundle --minify --format=iife --loader:.css=empty
      --global-name=flameGraphParts "--outfile=${WORK}/bundle.js" --log-level=warning
    WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
endif()
if(NOT status EQUAL 0)
  message(WARNING "npm could not bundle the flame graph, so reports of `ashlar profile` get none:\n${output}")
  return()
endif()
file(READ "${WORK}/bundle.js" text)
string(REPLACE "</script" "<\\/script" text "${text}")  # would end the element around the script
file(WRITE "${TO}" "${text}")
