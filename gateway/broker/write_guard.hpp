// SPDX-License-Identifier: BSD-3-Clause
//
// The guard against a use after free in Eclipse Paho MQTT C (seen in 1.3.12 to 1.3.15, compare upstream issue
// #1621): when the write of a QoS 1 or 2 PUBLISH fails because the connection is gone, the library frees
// topic and payload although its list of unacknowledged messages still points to them, and frees them again
// with the connection. If the memory has a new owner by then, that one loses it: the broker gets other octets
// than were published, or the heap breaks. own_session_flaky_test shows it.
//
// The program defines writev() and write() (the linker prefers a program's definition to the C library's for
// calls from shared libraries too). They do what the C library's do, except that a failure which means
// "the connection is gone" is reported as EAGAIN to two callers: libpaho's writev (plain TCP) and libcrypto's
// write (the socket BIO below SSL_write, which only Paho uses in this process: the engine `direct` feeds
// OpenSSL from memory). Paho then waits for the socket, learns from recv() that the peer is gone, and takes
// the path that is correct. All other callers, libuv above all, see the true error. Any thread; no state but
// a counter and a switch.
//
// Linking own_session.cpp pulls this in. It works with libpaho as a shared library only: linked in
// statically, its calls cannot be told from libuv's, and write_guard_active() says false.
#ifndef GATEWAY_BROKER_WRITE_GUARD_HPP
#define GATEWAY_BROKER_WRITE_GUARD_HPP

#include <cstdint>

namespace mqttsn::gateway {

/// True when Paho's calls of writev reach the guard, and its caller can be told from others. When false, the
/// program should say so in its log: it then has the fault described above.
bool write_guard_active();

/// Failures turned into EAGAIN so far.
std::uint64_t write_guard_count();

/// For the test that shows why the guard is needed: false lets every error through.
void write_guard_set_enabled(bool enabled);

}  // namespace mqttsn::gateway

#endif
