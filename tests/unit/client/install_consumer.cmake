# SPDX-License-Identifier: BSD-3-Clause
#
# Installs the client library into a fresh prefix and builds examples/publish.c against it with the C compiler only, by
# find_package and by pkg-config; then against the source tree, by add_subdirectory and by FetchContent. Each program must
# run (it fails to reach a gateway; that is enough to know that it links). Then once more without some of the features,
# of which library and program must think the same.
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
# Every public header is there and stands alone, in C and in C++.
file(GLOB headers RELATIVE ${SOURCE}/client/include ${SOURCE}/client/include/mqttsn/*)
list(LENGTH headers header_count)
if(header_count LESS 3)
    message(FATAL_ERROR "${header_count} public headers were found")
endif()
foreach(header IN LISTS headers)
    if(NOT EXISTS ${WORK}/prefix/include/${header})
        message(FATAL_ERROR "${header} was not installed")
    endif()
    file(WRITE ${WORK}/header.c "#include <${header}>\nint one_declaration;\n")
    if(header MATCHES "[.]h$")
        run(${CC} -std=c99 -Wall -Wextra -Wpedantic -Werror -I${WORK}/prefix/include -fsyntax-only ${WORK}/header.c)
    endif()
    run(${CXX} -x c++ -std=c++20 -Wall -Wextra -Wpedantic -Werror -I${WORK}/prefix/include -fsyntax-only
        ${WORK}/header.c)
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

# The source tree. CMake then links with the C++ compiler of the tree, as for every C++ library
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

# FetchContent with a tree that is there already, in a project that knows no C++, without some of the features. The program
# says what it was told of them.
file(WRITE ${WORK}/features.c "
#include <mqttsn/client.h>
#if MQTTSN_WITH_QOS2 || MQTTSN_WITH_DISCOVERY || !MQTTSN_WITH_SLEEP
#error the program does not know what the library was built with
#endif
int main(void) { return mqttsn_client_octets() == sizeof(mqttsn_client) ? 0 : 1; }
")
file(WRITE ${WORK}/fetch/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(consumer C)
include(FetchContent)
FetchContent_Declare(dormouse SOURCE_DIR ${SOURCE})
set(MQTTSN_WITH_QOS2 OFF)
set(MQTTSN_WITH_DISCOVERY OFF)
set(MQTTSN_INSTALL ON)
FetchContent_MakeAvailable(dormouse)
add_executable(features ${WORK}/features.c)
target_link_libraries(features PRIVATE mqttsn::client)
add_executable(publish ${SOURCE}/examples/publish.c)
target_link_libraries(publish PRIVATE mqttsn::client)
")
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/fetch -B ${WORK}/fetch-build -DCMAKE_C_COMPILER=${CC}
    -DCMAKE_CXX_COMPILER=${CXX})
run(${CMAKE_COMMAND} --build ${WORK}/fetch-build --target features publish)
run(${WORK}/fetch-build/features)
expect_failure_without_gateway(${WORK}/fetch-build/publish)

# That library, installed: both ways to find it pass the switches on.
run(${CMAKE_COMMAND} --install ${WORK}/fetch-build --prefix ${WORK}/small --component client)
file(WRITE ${WORK}/small-package/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(consumer C)
find_package(mqttsn-client 0.1 REQUIRED)
add_executable(features ${WORK}/features.c)
target_link_libraries(features PRIVATE mqttsn::client)
")
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${WORK}/small-package -B ${WORK}/small-package-build -DCMAKE_C_COMPILER=${CC}
    -DCMAKE_PREFIX_PATH=${WORK}/small)
run(${CMAKE_COMMAND} --build ${WORK}/small-package-build)
run(${WORK}/small-package-build/features)
file(GLOB_RECURSE pc ${WORK}/small/mqttsn-client.pc)
get_filename_component(pc_dir "${pc}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
execute_process(COMMAND ${PKG_CONFIG} --define-variable=prefix=${WORK}/small --cflags --libs mqttsn-client
    OUTPUT_VARIABLE flags RESULT_VARIABLE result OUTPUT_STRIP_TRAILING_WHITESPACE)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(${CC} -std=c99 -Wall -Wextra -Wpedantic -Werror ${WORK}/features.c -o ${WORK}/features-pc ${flags})
run(${WORK}/features-pc)

# The tools cannot do without: that is said, not left to the compiler.
execute_process(COMMAND ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE} -B ${WORK}/refused -DCMAKE_C_COMPILER=${CC}
    -DCMAKE_CXX_COMPILER=${CXX} -DMQTTSN_BUILD_GATEWAY=OFF -DMQTTSN_BUILD_TESTS=OFF -DMQTTSN_WITH_SLEEP=OFF
    RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE said)
if(result EQUAL 0 OR NOT said MATCHES "MQTTSN_WITH_SLEEP=OFF is for the library alone")
    message(FATAL_ERROR "tools without mqttsn_sleep() were not refused: ${said}")
endif()
