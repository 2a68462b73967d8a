// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/broker_url.hpp"

#include "support/cmocka.hpp"

using mqttsn::gateway::BrokerScheme;
using mqttsn::gateway::BrokerUrl;
using mqttsn::gateway::parse_broker_url;

namespace {

struct Good {
    const char* text;
    const char* host;
    const char* path;
    const char* again;  // as to_string() writes it
    BrokerScheme scheme;
    std::uint16_t port;
    bool address;
};
constexpr Good kGood[] = {
    {"mqtt://127.0.0.1", "127.0.0.1", "", "mqtt://127.0.0.1:1883", BrokerScheme::mqtt, 1883, true},
    {"mqtt://broker.example:1884", "broker.example", "", "mqtt://broker.example:1884", BrokerScheme::mqtt,
     1884, false},
    {"MQTTS://Broker.Example", "Broker.Example", "", "mqtts://Broker.Example:8883", BrokerScheme::mqtts, 8883,
     false},
    {"mqtt://localhost/", "localhost", "", "mqtt://localhost:1883", BrokerScheme::mqtt, 1883, false},
    {"mqtt://[::1]", "::1", "", "mqtt://[::1]:1883", BrokerScheme::mqtt, 1883, true},
    {"mqtts://[2001:db8::7]:1", "2001:db8::7", "", "mqtts://[2001:db8::7]:1", BrokerScheme::mqtts, 1, true},
    {"mqtt://[fe80::1%eth0]:65535", "fe80::1%eth0", "", "mqtt://[fe80::1%eth0]:65535", BrokerScheme::mqtt,
     65535, true},
    {"ws://b", "b", "", "ws://b:80", BrokerScheme::ws, 80, false},
    {"ws://b:8080/mqtt?x=1", "b", "/mqtt?x=1", "ws://b:8080/mqtt?x=1", BrokerScheme::ws, 8080, false},
    {"wss://b/mqtt", "b", "/mqtt", "wss://b:443/mqtt", BrokerScheme::wss, 443, false},
    {"mqtt://under_score-1.example.", "under_score-1.example.", "", "mqtt://under_score-1.example.:1883",
     BrokerScheme::mqtt, 1883, false},
};

void good_urls_come_apart_and_together(void** /*state*/) {
    for (const Good& row : kGood) {
        std::string error;
        const std::optional<BrokerUrl> url = parse_broker_url(row.text, error);
        if (!url) {
            print_error("%s: %s\n", row.text, error.c_str());
        }
        assert_true(url.has_value());
        assert_int_equal(url->scheme, row.scheme);
        assert_string_equal(url->host.c_str(), row.host);
        assert_int_equal(url->port, row.port);
        assert_string_equal(url->path.c_str(), row.path);
        assert_int_equal(url->host_is_address, row.address);
        assert_string_equal(to_string(*url).c_str(), row.again);
    }
}

void tls_and_websocket_follow_from_the_scheme(void** /*state*/) {
    std::string error;
    assert_false(parse_broker_url("mqtt://b", error)->tls());
    assert_true(parse_broker_url("mqtts://b", error)->tls());
    assert_false(parse_broker_url("mqtts://b", error)->websocket());
    assert_false(parse_broker_url("ws://b", error)->tls());
    assert_true(parse_broker_url("wss://b", error)->tls() && parse_broker_url("wss://b", error)->websocket());
}

void bad_urls_are_refused_with_the_reason(void** /*state*/) {
    const std::string long_label = "mqtt://" + std::string(64, 'a');
    std::string long_name = "mqtt://";
    for (int i = 0; i < 64; ++i) {
        long_name += "abc.";
    }
    const struct {
        std::string text;
        const char* reason;
    } rows[] = {
        {"", "expected scheme://host[:port], as in mqtt://127.0.0.1:1883"},
        {"127.0.0.1:1883", "expected scheme://host[:port], as in mqtt://127.0.0.1:1883"},
        {"mqtt:/b", "expected scheme://host[:port], as in mqtt://127.0.0.1:1883"},
        {"http://b", "the scheme must be mqtt, mqtts, ws or wss"},
        {"tcp://b", "the scheme must be mqtt, mqtts, ws or wss (write mqtt:// instead of tcp://)"},
        {"ssl://b", "the scheme must be mqtt, mqtts, ws or wss (write mqtts:// for TLS)"},
        {"mqtt://", "the host is missing"},
        {"mqtt://:1883", "the host is missing"},
        {"mqtt:///x", "the host is missing"},
        {"mqtt://u:p@b",
         "user name and password do not belong into the URL: use broker.username and "
         "broker.password_file"},
        {"mqtt://::1", "an IPv6 address must stand in brackets, as in mqtt://[::1]:1883"},
        {"mqtt://2001:db8::7", "an IPv6 address must stand in brackets, as in mqtt://[::1]:1883"},
        {"mqtt://[::1", "']' is missing behind the IPv6 address"},
        {"mqtt://[127.0.0.1]", "there must be an IPv6 address between '[' and ']'"},
        {"mqtt://[]", "there must be an IPv6 address between '[' and ']'"},
        {"mqtt://[::1%]", "there must be an IPv6 address between '[' and ']'"},
        {"mqtt://[::1]1883", "':' and a port were expected behind ']'"},
        {"mqtt://b:", "the port must be a number from 1 to 65535"},
        {"mqtt://b:0", "the port must be a number from 1 to 65535"},
        {"mqtt://b:65536", "the port must be a number from 1 to 65535"},
        {"mqtt://b:18830000000", "the port must be a number from 1 to 65535"},
        {"mqtt://b:1x", "the port must be a number from 1 to 65535"},
        {"mqtt://b:-1", "the port must be a number from 1 to 65535"},
        {"mqtt://b/path", "only ws:// and wss:// have a path"},
        {"mqtt://b?x", "only ws:// and wss:// have a path"},
        {"ws://b/x#y", "a fragment ('#') has no meaning here"},
        {"mqtt://a b", "spaces and control characters are not allowed"},
        {"mqtt://b\n", "spaces and control characters are not allowed"},
        {std::string("mqtt://b\0c", 10), "spaces and control characters are not allowed"},
        {"mqtt://a..b", "the host name has an empty label"},
        {"mqtt://.", "the host name has an empty label"},
        {"mqtt://.a", "the host name has an empty label"},
        {"mqtt://a*b", "the host name has a character that is not allowed there"},
        {"mqtt://b\xC3\xBC", "a host name with other than ASCII letters must be written in its xn-- form"},
        {long_label, "a label of the host name is longer than 63 characters"},
        {long_name, "the host name is longer than 253 characters"},
    };
    for (const auto& row : rows) {
        std::string error;
        const bool good = parse_broker_url(row.text, error).has_value();
        if (good) {
            print_error("taken as good: %s\n", row.text.c_str());
        }
        assert_false(good);
        assert_string_equal(error.c_str(), row.reason);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(good_urls_come_apart_and_together),
        cmocka_unit_test(tls_and_websocket_follow_from_the_scheme),
        cmocka_unit_test(bad_urls_are_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
