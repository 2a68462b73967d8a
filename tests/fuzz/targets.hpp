// SPDX-License-Identifier: BSD-3-Clause
//
// The fuzz bodies: ordinary functions that take octets, check properties and abort where one does not hold.
// libFuzzer calls them (fuzz_main.cpp), and replay_test.cpp runs the corpus through them in every build. A
// new target is a declaration here, its source file, its corpus folder and one line in CMakeLists.txt.
#ifndef TESTS_FUZZ_TARGETS_HPP
#define TESTS_FUZZ_TARGETS_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// Ends the program with the condition and the place when the property does not hold; no longjmp, no
/// exception, so that libFuzzer and a plain build see the same.
#define FUZZ_CHECK(condition)                                                              \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                  \
        }                                                                                  \
    } while (false)

/// One datagram, decoded as from a device and as from a gateway, and as a forwarder's wrapper.
void fuzz_mqttsn_decode(const std::uint8_t* data, std::size_t size);
/// Two texts, separated by the first octet 00: a filter and a name.
void fuzz_topic(const std::uint8_t* data, std::size_t size);
/// One stream of MQTT packets as a broker sends them (gateway builds only).
void fuzz_mqtt_decode(const std::uint8_t* data, std::size_t size);
/// A script of datagrams, calls, time and lost RAM for the device library.
void fuzz_client_input(const std::uint8_t* data, std::size_t size);
/// A script of datagrams, packets of the broker, links and time for the whole core (gateway builds only).
void fuzz_gateway_sequence(const std::uint8_t* data, std::size_t size);
/// One datagram as the Wireshark plugin's reader sees it, whole and cut, and held against the codec.
void fuzz_dissector_decode(const std::uint8_t* data, std::size_t size);
/// A script of datagrams for the whole plugin in libwireshark (only where Wireshark is installed).
void fuzz_dissector(const std::uint8_t* data, std::size_t size);

#endif
