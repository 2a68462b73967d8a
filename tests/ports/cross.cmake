# SPDX-License-Identifier: BSD-3-Clause
#
# The ports of Arduino, RIOT and Zephyr by a microcontroller's compiler, with the flags such cores use, on stubs that need
# no host; and Zephyr's socket names of both sides of 4.3. Nothing is linked: host programs run the same files (e2e.ports).
# cmake -DSOURCE=... -DWORK=... -DCC=... -DARM_CC=... -DARM_CXX=... -P cross.cmake
cmake_policy(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
set(stubs ${SOURCE}/tests/ports/stubs)
foreach(port arduino riot zephyr)
    execute_process(COMMAND ${SOURCE}/client/amalgamate.sh --port ${port} ${WORK}/${port} RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "the port ${port} cannot be made")
    endif()
endforeach()

function(compile)
    execute_process(COMMAND ${ARGN} -Wall -Wextra -Werror -Os -o ${WORK}/object.o RESULT_VARIABLE result
        OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        string(REPLACE ";" " " command "${ARGN}")
        message(FATAL_ERROR "failed: ${command}\n${output}")
    endif()
endfunction()

set(zephyr -std=gnu11 -I${WORK}/zephyr/include -I${stubs}/zephyr -include ${stubs}/zephyr/autoconf.h)
set(newer "-DKERNEL_VERSION_NUMBER=((4<<16)+(3<<8))")
compile(${CC} ${zephyr} ${newer} -c ${WORK}/zephyr/transport/mqttsn_zsock.c)

if(NOT ARM_CC OR NOT ARM_CXX)
    message(STATUS "not at hand: arm-none-eabi-gcc; only the host's compiler was tried")
    return()
endif()
set(core -mcpu=cortex-m0plus -mthumb -ffunction-sections -fdata-sections)
set(arduino -std=gnu++11 -fno-exceptions -fno-rtti -fno-threadsafe-statics -I${WORK}/arduino/src -I${stubs}/arduino)
foreach(source src/mqttsn.cpp src/mqttsn_arduino.cpp examples/SleepySensor/SleepySensor.ino)
    compile(${ARM_CXX} ${core} ${arduino} -x c++ -c ${WORK}/arduino/${source})
endforeach()
foreach(source transport/mqttsn_zsock.c samples/sleepy_sensor/src/main.c)
    compile(${ARM_CC} ${core} ${zephyr} -c ${WORK}/zephyr/${source})
endforeach()
foreach(source contrib/mqttsn_sock.c example/main.c)
    compile(${ARM_CC} ${core} -std=gnu11 -I${WORK}/riot/include -I${stubs}/riot -c ${WORK}/riot/${source})
endforeach()
message(STATUS "compiled by ${ARM_CC}")
