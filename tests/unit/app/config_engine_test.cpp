// SPDX-License-Identifier: BSD-3-Clause
//
// broker.engine, broker.version and WebSocket in gateway.toml: what goes together.
#include <string>
#include <string_view>

#include "check.hpp"
#include "config_steps.hpp"
#include "gateway/app/config.hpp"

using namespace mqttsn::gateway;
using config_steps::good;
using config_steps::said;

namespace {

void websocket_and_mqtt5_are_fine_with_the_engine_paho(void**) {
    const Config config =
        good("[broker]\nurl = \"ws://127.0.0.1:9001/mqtt\"\nengine = \"paho\"\nversion = \"5\"\n");
    assert_true(config.warnings.empty());
    assert_true(config.engine == BrokerEngine::paho && config.mqtt_version == MqttVersion::v5);
    check::equal(to_string(config.broker), "ws://127.0.0.1:9001/mqtt");
    // The command line can break it again.
    ConfigOverrides overrides;
    overrides.broker = config.broker;
    check::that(!parse_config("", "g.toml", overrides).config.has_value(), "ws with engine direct");
    check::equal(said(parse_config("[broker]\nengine = \"paho\"\n", "g.toml", overrides)), "");
}

void websocket_with_the_engine_direct_is_an_error_that_says_what_to_do(void**) {
    check::equal(
        said(parse_config("[broker]\nurl = \"wss://x/mqtt\"\n", "g.toml")),
        "g.toml:2:7: broker.url: wss://x:443/mqtt is WebSocket, which needs broker.engine = \"paho\"; or "
        "use mqtts://\n");
    check::equal(
        said(parse_config("[broker]\nengine = \"direct\"\nurl = \"ws://x\"\n", "g.toml")),
        "g.toml:3:7: broker.url: ws://x:80 is WebSocket, which needs broker.engine = \"paho\"; or use "
        "mqtt://\n");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(websocket_and_mqtt5_are_fine_with_the_engine_paho),
        cmocka_unit_test(websocket_with_the_engine_direct_is_an_error_that_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
