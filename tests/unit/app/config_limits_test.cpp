// SPDX-License-Identifier: BSD-3-Clause
//
// Limits and retry policies of gateway.toml end up in the settings of the core; more of the config is in
// config_test.cpp and config_schema_test.cpp.
#include <string>

#include "check.hpp"
#include "config_steps.hpp"
#include "gateway/app/config.hpp"

using namespace mqttsn::gateway;
using config_steps::good;

namespace {

void every_limit_ends_up_in_its_place(void**) {
    const Config config = good(R"(
[session]
expiry = "24h"
[sleep]
max_duration = "1h"
[limits]
half_open = 7
messages_per_second = 8
unproven_messages = 9
buffered_bytes = 4294967296
keep_alive_max = "2h"
connects_per_source_per_second = 10
qos_minus_one_per_source_per_second = 11
)");
    const LimitSettings& limits = config.core.limits;
    assert_int_equal(config.core.session.expiry_s, 24 * 3600);
    assert_int_equal(config.core.sleep.max_duration_s, 3600);
    assert_int_equal(limits.half_open, 7);
    assert_int_equal(limits.messages_per_second, 8);
    assert_int_equal(limits.unproven_messages, 9);
    assert_true(limits.buffered_bytes == 4294967296);
    assert_int_equal(limits.keep_alive_max_s, 7200);
    assert_int_equal(limits.connects_per_source_per_second, 10);
    assert_int_equal(limits.qos_minus_one_per_source_per_second, 11);
    assert_true(config.warnings.empty());
}

// What a [[listen]] or [[client]] does not say is left to the next one: it is not the default.
void a_retry_policy_may_be_said_in_part(void**) {
    const Config config = good(R"(
[[listen]]
[[listen]]
url = "udp://[::1]:1886"
retry_interval = "30s"
retry_adaptive = false
[retry]
adaptive = true
[[client]]
id = "meter-?"
retry_count = 5
retry_adaptive = true
[[client]]
id = "*"
)");
    const Settings& core = config.core;
    assert_true(core.retry_adaptive);
    for (const RetryOverride& none : {core.listeners[0].retry, core.clients[1].retry}) {
        assert_false(none.interval_ms || none.count_max || none.adaptive);
    }
    assert_int_equal(core.listeners[1].retry.interval_ms.value(), 30000);
    assert_false(core.listeners[1].retry.count_max.has_value());
    assert_false(core.listeners[1].retry.adaptive.value());
    assert_int_equal(core.clients[0].retry.count_max.value(), 5);
    assert_true(core.clients[0].retry.adaptive.value());
    assert_false(core.clients[0].retry.interval_ms.has_value());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_limit_ends_up_in_its_place),
        cmocka_unit_test(a_retry_policy_may_be_said_in_part),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
