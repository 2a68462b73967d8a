# SPDX-License-Identifier: BSD-3-Clause
# find_package(mqttsn-client) with the target mqttsn::client, and mqttsn-client.pc. Component "client":
# cmake --install BUILD --component client
set(_mqttsn_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mqttsn-client)

install(TARGETS mqttsn_client EXPORT mqttsn-client-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client)
set(_mqttsn_not_here "")
if(NOT UNIX)
    set(_mqttsn_not_here PATTERN "udp.h*" EXCLUDE)
endif()
install(DIRECTORY include/mqttsn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT client ${_mqttsn_not_here})
install(EXPORT mqttsn-client-targets NAMESPACE mqttsn:: DESTINATION ${_mqttsn_cmake_dir} COMPONENT client)

configure_package_config_file(mqttsn-client-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/mqttsn-client-config.cmake
    INSTALL_DESTINATION ${_mqttsn_cmake_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/mqttsn-client-config-version.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES
    ${CMAKE_CURRENT_BINARY_DIR}/mqttsn-client-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/mqttsn-client-config-version.cmake
    DESTINATION ${_mqttsn_cmake_dir} COMPONENT client)

# A relative directory follows the prefix, so that the tree may be moved (pkg-config --define-prefix).
set(MQTTSN_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    # From where the file lies, so that cmake --install --prefix is believed.
    file(RELATIVE_PATH MQTTSN_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" MQTTSN_PC_PREFIX "\${pcfiledir}/${MQTTSN_PC_PREFIX}")
endif()
foreach(_mqttsn_dir LIBDIR INCLUDEDIR)
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${_mqttsn_dir}}")
        set(MQTTSN_PC_${_mqttsn_dir} "${CMAKE_INSTALL_${_mqttsn_dir}}")
    else()
        set(MQTTSN_PC_${_mqttsn_dir} "\${prefix}/${CMAKE_INSTALL_${_mqttsn_dir}}")
    endif()
endforeach()
configure_file(mqttsn-client.pc.in ${CMAKE_CURRENT_BINARY_DIR}/mqttsn-client.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mqttsn-client.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT client)
