// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses on UDP without sockets: texts, socket addresses, and what a GWINFO says.
#include "client/posix/udp_address.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using mqttsn::Bytes;
using mqttsn::udp::SocketAddress;

namespace {

std::string hex_of(const mqttsn_address& address) {
    return test::to_hex(Bytes{address.data, address.octets});
}

mqttsn_address address_of(const std::string& hex) {
    const test::Octets octets = test::hex(hex);
    mqttsn_address address{};
    address.octets = static_cast<std::uint8_t>(octets.size());
    std::memcpy(address.data, octets.data(), octets.size());
    return address;
}

const std::string kIpv4 = "C0 00 02 07";
const std::string kIpv6 = "FD 45 00 00 00 00 00 00 00 00 00 00 00 00 00 01";
const std::string kLinkLocal = "FE 80 00 00 00 00 00 00 00 00 00 00 00 00 00 05";

void text_becomes_an_address_and_the_text_again(void**) {
    struct Row {
        std::string text;
        std::string octets;
    };
    const std::string zone = std::to_string(if_nametoindex("lo"));
    const std::string zone_octets =
        test::to_hex(test::view(test::Octets{0, 0, 0, static_cast<std::uint8_t>(if_nametoindex("lo"))}));
    for (const Row& row : {Row{"192.0.2.7:1883", kIpv4 + " 07 5B"},
                           {"225.1.1.1:1", "E1 01 01 01 00 01"},
                           {"255.255.255.255:65535", "FF FF FF FF FF FF"},
                           {"[fd45::1]:10000", kIpv6 + " 27 10"},
                           {"[fe80::5%lo]:1883", kLinkLocal + " 07 5B " + zone_octets}}) {
        mqttsn_address address{};
        assert_int_equal(mqttsn_udp_parse_address(row.text.c_str(), &address), MQTTSN_OK);
        assert_string_equal(hex_of(address).c_str(), row.octets.c_str());
        char text[MQTTSN_UDP_ADDRESS_TEXT];
        mqttsn_udp_format_address(&address, text);
        assert_string_equal(text, row.text.c_str());
    }
}

void what_is_no_address_with_a_port_is_refused(void**) {
    mqttsn_address address = address_of("01 02");
    for (const char* const text :
         {"", ":", ":1883", "192.0.2.7", "192.0.2.7:", "192.0.2.7:x", "192.0.2.7:65536", "192.0.2.7:0",
          "192.0.2.7:4294967297", "localhost:1883", "fd45::1:1883", "[fd45::1]",
          "[fd45::1]:", "[192.0.2.7]:1883", "[]:1883", "[fe80::1%no-such]:1883", "192.0.2.300:1883",
          "[fd45::1:1883", "fd45::1]:1883"}) {
        if (mqttsn_udp_parse_address(text, &address) != MQTTSN_ERR_ADDRESS) {
            assert_string_equal(text, "refused");
        }
    }
    assert_int_equal(mqttsn_udp_parse_address((std::string(2000, '1') + ":1").c_str(), &address),
                     MQTTSN_ERR_ADDRESS);
    assert_int_equal(mqttsn_udp_parse_address(nullptr, &address), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_udp_parse_address("192.0.2.7:1", nullptr), MQTTSN_ERR_ARGUMENT);
    assert_string_equal(hex_of(address).c_str(), "01 02");  // unchanged
    for (std::size_t octets = 0; octets <= MQTTSN_ADDRESS_OCTETS; ++octets) {
        address.octets = static_cast<std::uint8_t>(octets);
        char text[MQTTSN_UDP_ADDRESS_TEXT];
        mqttsn_udp_format_address(&address, text);
        assert_int_equal(std::strcmp(text, "?") == 0, octets != 6 && octets != 18 && octets != 22);
    }
}

void address_becomes_that_of_a_socket_and_comes_back(void**) {
    for (const std::string& octets :
         {kIpv4 + " 07 5B", kIpv6 + " 27 10", kLinkLocal + " 07 5B 00 00 00 09"}) {
        const SocketAddress ipv6 = mqttsn::udp::to_socket_address(address_of(octets), AF_INET6);
        assert_int_equal(ipv6.octets, sizeof(sockaddr_in6));
        assert_string_equal(hex_of(mqttsn::udp::from_socket_address(ipv6)).c_str(), octets.c_str());
    }
    const SocketAddress ipv4 = mqttsn::udp::to_socket_address(address_of(kIpv4 + " 07 5B"), AF_INET);
    assert_int_equal(ipv4.octets, sizeof(sockaddr_in));
    assert_string_equal(hex_of(mqttsn::udp::from_socket_address(ipv4)).c_str(), (kIpv4 + " 07 5B").c_str());
    // What a socket cannot reach.
    assert_int_equal(mqttsn::udp::to_socket_address(address_of(kIpv6 + " 27 10"), AF_INET).octets, 0);
    assert_int_equal(mqttsn::udp::to_socket_address(address_of(kIpv4), AF_INET).octets, 0);
    assert_int_equal(mqttsn::udp::to_socket_address(mqttsn_address{}, AF_INET6).octets, 0);
}

/// A GWINFO of gateway 9 with this address, as the library gets it.
std::string taken(const std::string& gw_add, const std::string& from, const std::string& group,
                  bool is_long) {
    const test::Octets add = test::hex(gw_add);
    test::Octets datagram;
    if (is_long) {
        datagram = {1, 0, static_cast<std::uint8_t>(5 + add.size()), 2, 9};
    } else {
        datagram = {static_cast<std::uint8_t>(3 + add.size()), 2, 9};
    }
    datagram.insert(datagram.end(), add.begin(), add.end());
    const std::size_t octets = datagram.size();
    datagram.resize(100);
    const std::size_t taken = mqttsn::udp::canonical_gateway_info(datagram.data(), octets, datagram.size(),
                                                                  address_of(from), address_of(group));
    datagram.resize(taken);
    return test::to_hex(test::view(datagram));
}

void gwinfo_of_a_device_tells_the_address_in_any_of_the_forms(void**) {  // SN12-27 SN12-31 SN12-58 D46
    const std::string from = "0A 00 00 01 10 00";
    const std::string group = "E1 01 01 01 07 5B";
    struct Row {
        std::string add;
        std::string octets;
    };
    const std::string four = "0A 02 09 06 " + kIpv4;
    const std::string sixteen = "16 02 09 12 " + kIpv6;
    for (const Row& row : {Row{kIpv4, four + " 07 5B"},  // the port of the group
                           {kIpv4 + " 00 00", four + " 07 5B"},
                           {kIpv4 + " 07 5C", four + " 07 5C"},
                           {"06 " + kIpv4 + " 07 5C", four + " 07 5C"},  // as we send it
                           {"04 " + kIpv4 + " 07 5C", four + " 07 5C"},
                           {"07 " + kIpv4 + " 07 5C", four + " 07 5C"},
                           {"04 " + kIpv4, four + " 07 5B"},
                           {kIpv6, sixteen + " 07 5B"},
                           {kIpv6 + " 27 10", sixteen + " 27 10"},
                           {"12 " + kIpv6 + " 27 10", sixteen + " 27 10"},
                           {"10 " + kIpv6, sixteen + " 07 5B"}}) {
        assert_string_equal(taken(row.add, from, group, false).c_str(), row.octets.c_str());
        assert_string_equal(taken(row.add, from, group, true).c_str(), row.octets.c_str());
    }
}

void link_local_address_in_a_gwinfo_is_on_the_interface_that_it_came_by(void**) {
    assert_string_equal(
        taken(kLinkLocal + " 27 10", kLinkLocal + " 10 00 00 00 00 03", "E1 01 01 01 07 5B", false).c_str(),
        ("1A 02 09 16 " + kLinkLocal + " 27 10 00 00 00 03").c_str());
    assert_string_equal(
        taken(kIpv6 + " 27 10", kLinkLocal + " 10 00 00 00 00 03", "E1 01 01 01 07 5B", false).c_str(),
        ("16 02 09 12 " + kIpv6 + " 27 10").c_str());
}

void zone_is_not_sent(void**) {
    test::Octets datagram = test::hex("1A 02 09 16 " + kLinkLocal + " 27 10 00 00 00 03");
    datagram.resize(mqttsn::udp::without_zone(datagram.data(), datagram.size()));
    assert_string_equal(test::to_hex(test::view(datagram)).c_str(),
                        ("16 02 09 12 " + kLinkLocal + " 27 10").c_str());
    for (const std::string& other : {"16 02 09 12 " + kIpv6 + " 27 10", std::string("03 02 09"),
                                     std::string("03 01 01"), "0A 02 09 06 " + kIpv4 + " 07 5B"}) {
        test::Octets same = test::hex(other);
        assert_int_equal(mqttsn::udp::without_zone(same.data(), same.size()), same.size());
        assert_string_equal(test::to_hex(test::view(same)).c_str(), other.c_str());
    }
}

void every_length_of_gwadd_is_read_within_its_octets(void**) {
    for (std::size_t octets = 1; octets <= 40; ++octets) {
        std::string add;
        for (std::size_t i = 0; i < octets; ++i) {
            add += "01 ";
        }
        const bool known =
            octets == 4 || octets == 5 || octets == 6 || octets == 7 || (octets >= 16 && octets <= 19);
        assert_int_equal(!taken(add, "0A 00 00 01 10 00", "E1 01 01 01 07 5B", false).empty(), known);
    }
}

// The library judges them: lengths that lie, other messages, and no room.
void everything_else_is_left_as_it_is(void**) {
    const mqttsn_address from = address_of("0A 00 00 01 10 00");
    for (const char* const text : {"", "00", "01", "01 00", "01 00 05 02 07", "03 02 07", "05 00 07 03 84",
                                   "04 02 07 01 02", "0A 02 07 01 02", "03 05 00", "02 18",
                                   "0A 0C 21 00 05 00 07 61 62 63", "01 00 0A 02 07 01 02 03"}) {
        test::Octets datagram = test::hex(text);
        const std::size_t octets = datagram.size();
        assert_int_equal(mqttsn::udp::canonical_gateway_info(datagram.data(), octets, octets, from, from),
                         octets);
        assert_string_equal(test::to_hex(test::view(datagram)).c_str(), text);
    }
    test::Octets tight = test::hex("07 02 09 C0 00 02 07");
    assert_int_equal(
        mqttsn::udp::canonical_gateway_info(tight.data(), tight.size(), tight.size(), from, from), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_an_address_and_the_text_again),
        cmocka_unit_test(what_is_no_address_with_a_port_is_refused),
        cmocka_unit_test(address_becomes_that_of_a_socket_and_comes_back),
        cmocka_unit_test(gwinfo_of_a_device_tells_the_address_in_any_of_the_forms),
        cmocka_unit_test(link_local_address_in_a_gwinfo_is_on_the_interface_that_it_came_by),
        cmocka_unit_test(zone_is_not_sent),
        cmocka_unit_test(every_length_of_gwadd_is_read_within_its_octets),
        cmocka_unit_test(everything_else_is_left_as_it_is),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
