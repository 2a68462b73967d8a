# SPDX-License-Identifier: BSD-3-Clause
# The core between simulated devices and a simulated broker: for micro_bench and for unit.core.allocation.
add_library(core_load STATIC core_load.cpp)
dormouse_target(core_load)
target_include_directories(core_load PUBLIC ${dormouse_SOURCE_DIR}/tests)
target_link_libraries(core_load PUBLIC gateway_core)

# Built on demand: cmake --build --preset release --target micro_bench
find_package(benchmark QUIET)
if(NOT benchmark_FOUND)
    message(STATUS "micro_bench is left out: Google Benchmark (libbenchmark-dev) is not installed")
    return()
endif()
add_executable(micro_bench EXCLUDE_FROM_ALL
    micro_codec.cpp
    micro_core.cpp
    micro_deadlines.cpp
    micro_parts.cpp)
dormouse_target(micro_bench)
target_link_libraries(micro_bench PRIVATE core_load gateway_broker benchmark::benchmark benchmark::benchmark_main)
