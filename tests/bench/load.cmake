# SPDX-License-Identifier: BSD-3-Clause
# The load generator mqttsn-load.
find_package(CLI11 REQUIRED)

add_library(dormouse_load STATIC
    fleet.cpp
    fleet_reactions.cpp
    histogram.cpp
    ledger.cpp
    load_help.cpp
    load_options.cpp
    mqtt_client.cpp
    pacer.cpp
    payload.cpp
    process_usage.cpp
    report.cpp
    run.cpp
    run_connect.cpp
    run_pub.cpp
    run_sub.cpp
    sockets.cpp)
dormouse_target(dormouse_load)
target_include_directories(dormouse_load PUBLIC ${dormouse_SOURCE_DIR}/tests)
target_compile_definitions(dormouse_load PRIVATE DORMOUSE_VERSION="${dormouse_VERSION}")
target_link_libraries(dormouse_load PUBLIC mqttsn_common gateway_toml PRIVATE CLI11::CLI11)

add_executable(mqttsn-load load_main.cpp)
dormouse_target(mqttsn-load)
target_link_libraries(mqttsn-load PRIVATE dormouse_load)
install(TARGETS mqttsn-load RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
