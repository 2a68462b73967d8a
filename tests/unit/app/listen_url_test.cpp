// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/listen_url.hpp"

#include <string>
#include <string_view>

#include "check.hpp"

using namespace mqttsn::gateway;

namespace {

void good_urls_are_read_and_written_back(void**) {
    const struct {
        std::string_view text;
        std::string_view host;
        std::uint16_t port;
        bool ipv6;
        std::string_view written;
    } rows[] = {
        {"udp://[::]:1883", "::", 1883, true, "udp://[::]:1883"},
        {"udp://[::]", "::", 1883, true, "udp://[::]:1883"},
        {"udp://0.0.0.0:1", "0.0.0.0", 1, false, "udp://0.0.0.0:1"},
        {"udp://127.0.0.1:65535/", "127.0.0.1", 65535, false, "udp://127.0.0.1:65535"},
        {"udp://127.0.0.1:0", "127.0.0.1", 0, false, "udp://127.0.0.1:0"},
        {"udp://[fe80::1%eth0]:5000", "fe80::1%eth0", 5000, true, "udp://[fe80::1%eth0]:5000"},
        {"udp://localhost:99", "127.0.0.1", 99, false, "udp://127.0.0.1:99"},
        {"udp://*:99", "::", 99, true, "udp://[::]:99"},
        {"udp://*", "::", 1883, true, "udp://[::]:1883"},
    };
    for (const auto& row : rows) {
        ListenUrl url;
        check::equal(parse_listen_url(row.text, url), "", row.text);
        check::equal(url.at.host, row.host, row.text);
        check::that(url.at.port == row.port && url.at.ipv6 == row.ipv6, row.text);
        check::equal(to_string(url), row.written, row.text);
    }
}

void bad_urls_say_what_is_wrong_and_change_nothing(void**) {
    const struct {
        std::string_view text;
        std::string_view says;
    } rows[] = {
        {"", "got \"\""},
        {"127.0.0.1:1883", "expected a URL like \"udp://[::]:1883\""},
        {"udp:127.0.0.1:1883", "expected a URL"},
        {"UDP://127.0.0.1:1883", "expected a URL"},
        {"tcp://127.0.0.1:1883", "tcp:// is not something this version can listen on"},
        {"dtls://127.0.0.1:8883", "dtls:// is not something this version can listen on"},
        {"udp://", "\"\" is no IP address"},
        {"udp://:1883", "\"\" is no IP address"},
        {"udp://::1:1883", "an IPv6 address needs brackets"},
        {"udp://[::1:1883", "the ']' of the IPv6 address is missing"},
        {"udp://[::1]1883", "\"1883\" is no port"},
        {"udp://[127.0.0.1]:1883", "\"127.0.0.1\" is no IPv6 address"},
        {"udp://[::1%]:1883", "no IPv6 address"},
        {"udp://127.0.0.1%eth0:1883", "no IP address"},
        {"udp://127.0.0.1:", "\"\" is no port from 0 to 65535"},
        {"udp://127.0.0.1:65536", "\"65536\" is no port"},
        {"udp://127.0.0.1:-1", "\"-1\" is no port"},
        {"udp://127.0.0.1:0x10", "\"0x10\" is no port"},
        {"udp://127.0.0.1:000001", "\"000001\" is no port"},
        {"udp://127.0.0.1:1883/path", "is no port"},
        {"udp://127.0.0.256:1883", "\"127.0.0.256\" is no IP address"},
        {"udp://gateway.example:1883", "\"gateway.example\" is no IP address"},
        {"udp://localhosts:1883", "\"localhosts\" is no IP address"},
        {"udp://225.1.1.1:1883", "multicast"},
        {"udp://[ff02::1]:1883", "multicast"},
        {std::string_view("udp://127.0.0.1\0:1", 18), "no IP address"},
        {"udp://127.0.0.1\n:1", "\\n"},
    };
    for (const auto& row : rows) {
        ListenUrl url;
        url.at.host = "unchanged";
        const std::string problem = parse_listen_url(row.text, url);
        check::contains(problem, row.says);
        check::that(problem.find('\n') == std::string::npos, row.text);
        check::equal(url.at.host, "unchanged", row.text);
    }
}

void urls_are_the_same_when_the_address_is(void**) {
    const struct {
        std::string_view a;
        std::string_view b;
        bool same;
    } rows[] = {
        {"udp://[::1]:1883", "udp://[0:0:0:0:0:0:0:1]:1883", true},
        {"udp://[::1]:1883", "udp://[::1]", true},
        {"udp://[::1]:1883", "udp://[::1]:1884", false},
        {"udp://[::1]:1883", "udp://127.0.0.1:1883", false},
        {"udp://[fe80::1%eth0]:1883", "udp://[fe80::1%eth1]:1883", false},
        {"udp://127.0.0.1:0", "udp://127.0.0.1:0", false},
    };
    for (const auto& row : rows) {
        ListenUrl a;
        ListenUrl b;
        check::equal(parse_listen_url(row.a, a), "");
        check::equal(parse_listen_url(row.b, b), "");
        check::that(a.same_as(b) == row.same && b.same_as(a) == row.same, row.a);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(good_urls_are_read_and_written_back),
        cmocka_unit_test(bad_urls_say_what_is_wrong_and_change_nothing),
        cmocka_unit_test(urls_are_the_same_when_the_address_is),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
