# SPDX-License-Identifier: BSD-3-Clause
# That run.sh measures and reports. What the figures are is not asserted anywhere. Alone, because it counts CPU time.
if(TARGET mqttsn-load AND TARGET bench_floor)
    add_test(NAME bench.run_quick COMMAND ${CMAKE_CURRENT_LIST_DIR}/run_works.sh ${dormouse_BINARY_DIR}
        $<TARGET_FILE:mqttsn-load>)
    set_tests_properties(bench.run_quick PROPERTIES LABELS bench TIMEOUT 120 RUN_SERIAL ON)
endif()
