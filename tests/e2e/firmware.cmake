# SPDX-License-Identifier: BSD-3-Clause
# The firmware of examples/firmware, cross-compiled with lwIP and run in QEMU. The first run fetches the source of lwIP
# (examples/firmware/lwip_source.sh); it stays in the build folder of the tree, for all presets.
find_program(DORMOUSE_ARM_GCC arm-none-eabi-gcc)
find_program(DORMOUSE_QEMU qemu-system-arm)
set(missing "")
if(NOT DORMOUSE_ARM_GCC)
    list(APPEND missing gcc-arm-none-eabi libnewlib-arm-none-eabi)
endif()
if(NOT DORMOUSE_QEMU)
    list(APPEND missing qemu-system-arm)
endif()
if(missing)
    list(JOIN missing " " missing)
    set(words "e2e.firmware is left out: apt-get install ${missing}")
    if(DEFINED ENV{CI})
        message(FATAL_ERROR "${words}")
    endif()
    message(STATUS "${words}")
    return()
endif()

# One image for the Cortex-M3 that QEMU has, one with the instructions of a Cortex-M0+ only.
set(lwip_source ${dormouse_SOURCE_DIR}/build/lwip)
add_test(NAME e2e.firmware.lwip COMMAND ${dormouse_SOURCE_DIR}/examples/firmware/lwip_source.sh ${lwip_source})
set_tests_properties(e2e.firmware.lwip PROPERTIES FIXTURES_SETUP lwip TIMEOUT 300 LABELS e2e)
dormouse_test_waits(e2e.firmware.lwip)
foreach(cpu cortex-m3 cortex-m0plus)
    set(name e2e.firmware.build.${cpu})
    add_test(NAME ${name}
        COMMAND ${dormouse_SOURCE_DIR}/examples/firmware/build.sh ${dormouse_BINARY_DIR}/firmware/${cpu} ${lwip_source}
            -DFIRMWARE_CPU=${cpu} -DFIRMWARE_WERROR=ON
            -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER} -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER})
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED lwip FIXTURES_SETUP firmware TIMEOUT 300 LABELS e2e)
    dormouse_test_computes(${name})
endforeach()

e2e_test(firmware 240)
set_tests_properties(e2e.firmware PROPERTIES FIXTURES_REQUIRED firmware)
target_compile_definitions(e2e_firmware PRIVATE
    DORMOUSE_QEMU="${DORMOUSE_QEMU}"
    DORMOUSE_FIRMWARE="${dormouse_BINARY_DIR}/firmware")
