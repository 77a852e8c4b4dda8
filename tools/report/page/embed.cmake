# SPDX-License-Identifier: MIT
# Writes a source file that defines a string with the content of another file.
#
# usage: cmake -DFROM=style.css -DTO=style.cc -DHEADER=report/page/style.h -DNAME=ashlar::report::page::kStyle -P embed.cmake
file(READ "${FROM}" text)
string(FIND "${text}" ")embedded\"" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "${FROM} holds what ends the literal")
endif()
file(WRITE "${TO}" "// Made from ${FROM}; edit that.
#include \"${HEADER}\"

const char* const ${NAME} = R\"embedded(${text})embedded\";
")
