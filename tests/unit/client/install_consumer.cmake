# SPDX-License-Identifier: BSD-3-Clause
#
# Installs the client library into a fresh prefix and builds examples/publish.c against it three ways, with the C compiler
# only: find_package, pkg-config, and the source tree by add_subdirectory. Each program must run (it says usage or fails
# to reach a gateway; that is enough to know that it links).
# cmake -DSOURCE=... -DBUILD=... -DWORK=... -DGENERATOR=... -DCC=... -DCXX=... -DPKG_CONFIG=... -P install_consumer.cmake
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        string(REPLACE ";" " " command "${ARGN}")
        message(FATAL_ERROR "failed: ${command}\n${output}")
    endif()
endfunction()

# The program must end with 1 within its time: nobody is at the discard port. Anything else is a crash or a lie.
function(expect_failure_without_gateway program)
    execute_process(COMMAND ${program} "no host of that name" 9 RESULT_VARIABLE result TIMEOUT 20)
    if(NOT result EQUAL 1)
        message(FATAL_ERROR "${program} ended with ${result}, 1 was expected")
    endif()
endfunction()

# nm says whether a C++ runtime crept in.
function(expect_no_cxx_runtime program)
    execute_process(COMMAND ${NM} -u ${program} OUTPUT_VARIABLE symbols)
    if(symbols MATCHES "_ZSt|_Znw|_Zdl|__cxa_pure|__gxx_personality|GLIBCXX|CXXABI")
        message(FATAL_ERROR "${program} needs the C++ runtime:\n${symbols}")
    endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --component client)
foreach(header client.h udp.h)
    if(NOT EXISTS ${WORK}/prefix/include/mqttsn/${header})
        message(FATAL_ERROR "mqttsn/${header} was not installed")
    endif()
endforeach()

# find_package, in a project that knows no C++.
file(WRITE ${WORK}/package/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(consumer C)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS OFF)
find_package(mqttsn-client 0.1 REQUIRED)
add_executable(publish ${SOURCE}/examples/publish.c)
target_compile_options(publish PRIVATE -Wall -Wextra -Wpedantic -Werror)
target_link_libraries(publish PRIVATE mqttsn::client)
")
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/package -B ${WORK}/package-build -DCMAKE_C_COMPILER=${CC}
    -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/package-build)
expect_failure_without_gateway(${WORK}/package-build/publish)
expect_no_cxx_runtime(${WORK}/package-build/publish)

# pkg-config and the bare compiler.
file(GLOB_RECURSE pc ${WORK}/prefix/mqttsn-client.pc)
get_filename_component(pc_dir "${pc}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
execute_process(COMMAND ${PKG_CONFIG} --define-variable=prefix=${WORK}/prefix --cflags --libs mqttsn-client
    OUTPUT_VARIABLE flags RESULT_VARIABLE result OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "pkg-config does not find mqttsn-client")
endif()
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${CC} -std=c99 -Wall -Wextra -Wpedantic -Werror ${SOURCE}/examples/publish.c -o ${WORK}/publish-pc ${flags})
expect_failure_without_gateway(${WORK}/publish-pc)
expect_no_cxx_runtime(${WORK}/publish-pc)

# The source tree, as FetchContent brings it. CMake then links with the C++ compiler of the tree, as for every C++ library
# that is built along.
file(WRITE ${WORK}/tree/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(consumer C CXX)
add_subdirectory(${SOURCE} dormouse)
add_executable(publish ${SOURCE}/examples/publish.c)
target_link_libraries(publish PRIVATE mqttsn::client)
")
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/tree -B ${WORK}/tree-build -DCMAKE_C_COMPILER=${CC}
    -DCMAKE_CXX_COMPILER=${CXX})
run(${CMAKE_COMMAND} --build ${WORK}/tree-build --target publish)
expect_failure_without_gateway(${WORK}/tree-build/publish)
if(EXISTS ${WORK}/tree-build/dormouse/client/tools/mqttsn-pub OR EXISTS ${WORK}/tree-build/dormouse/gateway)
    message(FATAL_ERROR "a consumer's build must not contain tools or gateway")
endif()
