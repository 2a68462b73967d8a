# SPDX-License-Identifier: BSD-3-Clause
#
# The same device by the C and by the C++ header, compiled for size: the second may be larger by at most 96 octets (the
# guard of a static object is most of it), and calls nothing that the first does not call.
# cmake -DCC=... -DCXX=... -DNM=... -DSIZE=... -DINCLUDE=... -DWORK=... -P compare.cmake
cmake_minimum_required(VERSION 3.25)
file(MAKE_DIRECTORY ${WORK})
set(flags -Os -g0 -fno-pic -fno-asynchronous-unwind-tables -fno-stack-protector -U_FORTIFY_SOURCE -I${INCLUDE} -c)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE error)
    if(NOT result EQUAL 0)
        string(REPLACE ";" " " command "${ARGN}")
        message(FATAL_ERROR "failed: ${command}\n${output}${error}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

function(measure object)
    run(${SIZE} ${WORK}/${object})
    if(NOT output MATCHES "\n *([0-9]+)[\t ]+([0-9]+)[\t ]+([0-9]+)")
        message(FATAL_ERROR "size of ${object} says: ${output}")
    endif()
    set(text ${CMAKE_MATCH_1} PARENT_SCOPE)
    set(data ${CMAKE_MATCH_2} PARENT_SCOPE)
    set(bss ${CMAKE_MATCH_3} PARENT_SCOPE)
    run(${NM} -u -P ${WORK}/${object})
    string(REGEX MATCHALL "[A-Za-z_][A-Za-z0-9_]+ U" symbols "${output}")
    set(symbols "${symbols}" PARENT_SCOPE)
endfunction()

run(${CC} -std=c99 ${flags} ${CMAKE_CURRENT_LIST_DIR}/device.c -o ${WORK}/device_c.o)
run(${CXX} -std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics ${flags} ${CMAKE_CURRENT_LIST_DIR}/device.cpp
    -o ${WORK}/device_cpp.o)
measure(device_c.o)
set(c_text ${text})
set(c_symbols ${symbols})
set(c_memory ${data}+${bss})
measure(device_cpp.o)
message(STATUS "text by the C header ${c_text}, by the C++ header ${text}; data and bss ${c_memory}, ${data}+${bss}")
math(EXPR most "${c_text} + 96")
if(text GREATER most)
    message(FATAL_ERROR "the C++ header costs more than 96 octets")
endif()
foreach(symbol ${symbols})
    if(NOT symbol IN_LIST c_symbols)
        message(FATAL_ERROR "the C++ header calls for ${symbol}")
    endif()
endforeach()
