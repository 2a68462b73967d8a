// SPDX-License-Identifier: BSD-3-Clause
//
// A network of the test's own: multicast and broadcast must not leave the machine, and must not meet those of
// other tests. Called first in main(), before any socket or thread; child processes are in it, too.
#ifndef TESTS_SUPPORT_NETWORK_NAMESPACE_HPP
#define TESTS_SUPPORT_NETWORK_NAMESPACE_HPP

namespace test {

constexpr const char* kTestInterface = "dm0";  ///< 10.45.0.1/24, fd45::1/64 and a link-local address
constexpr const char* kTestAddress = "10.45.0.1";
constexpr const char* kTestBroadcast = "10.45.0.255";

/// Moves this process into a new network namespace, as root or as a user with user namespaces, with loopback,
/// the interface above, and routes to it for multicast and for everything else. Needs iproute2. False after a
/// line on stderr.
[[nodiscard]] bool enter_network_namespace();

}  // namespace test

#endif
