# SPDX-License-Identifier: BSD-3-Clause
#
# The client library needs nothing but mem* and strlen from its surroundings, and has no variables of its own: what makes it fit a
# microcontroller and any number of objects. The POSIX runner (udp.cpp) is left out: sockets are its purpose.
# cmake -DNM=nm -DARCHIVE=libmqttsn-client.a -P undefined_symbols.cmake
execute_process(COMMAND ${NM} ${ARCHIVE} OUTPUT_VARIABLE listing RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${NM} cannot read ${ARCHIVE}")
endif()
string(REPLACE ";" "," listing "${listing}")
string(REPLACE "\n" ";" lines "${listing}")

# strlen is used once, by bytes_of() of common/. The last three are what compilers put in by themselves
# (clang writes bcmp for a memcmp of which only equality counts).
set(allowed memcpy memmove memset memcmp strlen bcmp _GLOBAL_OFFSET_TABLE_ __stack_chk_fail)
set(member "")
set(defined "")
set(undefined "")
set(variables "")
set(members 0)
foreach(line IN LISTS lines)
    if(line MATCHES "^([^ ]+\\.o):$")
        set(member "${CMAKE_MATCH_1}")
        math(EXPR members "${members} + 1")
    elseif(member MATCHES "^udp\\.")
        continue()
    elseif(line MATCHES "^ +U ([^ ]+)$")
        list(APPEND undefined "${CMAKE_MATCH_1}")
    elseif(line MATCHES "^[0-9a-fA-F]+ ([A-Za-z]) ([^ ]+)$")
        list(APPEND defined "${CMAKE_MATCH_2}")
        if(CMAKE_MATCH_1 MATCHES "^[BbDdCcGgSs]$" AND NOT CMAKE_MATCH_2 MATCHES "^DW\\.ref|\\.rel\\.ro")
            list(APPEND variables "${member}: ${CMAKE_MATCH_2}")
        endif()
    endif()
endforeach()
if(members LESS 10)
    message(FATAL_ERROR "only ${members} objects found in ${ARCHIVE}: this test would see nothing")
endif()
list(REMOVE_DUPLICATES undefined)
list(REMOVE_ITEM undefined ${defined} ${allowed})
if(undefined OR variables)
    message(FATAL_ERROR "needed from outside: [${undefined}]; variables: [${variables}]")
endif()
message(STATUS "${members} objects, nothing but mem* and strlen needed, no variables")
