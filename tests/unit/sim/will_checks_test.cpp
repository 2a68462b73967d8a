// SPDX-License-Identifier: BSD-3-Clause
//
// The checker of deaths and wills (sim/will_checks.hpp): each breach is found, and what is right is not.
#include "sim/will_checks.hpp"

#include "sim/checks.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::sim;

namespace {

constexpr Micros kSecond{1'000'000};

WireMessage message_of(WireType type, std::uint16_t duration = 0) {
    WireMessage message;
    message.type = type;
    message.valid = true;
    message.duration = duration;
    message.has_more = type == WireType::disconnect;
    return message;
}

WillChecks one_device() {
    WillChecks checks;
    DeviceSettings settings;
    settings.client_id = "d";
    settings.will = true;
    checks.add_device(settings);
    checks.to_gateway(Micros{0}, 0, 0, message_of(WireType::connect, 10));
    return checks;
}

template <typename Call>
bool fails(Call&& call) {
    try {
        call();
    } catch (const CheckFailed&) {
        return true;
    }
    return false;
}

void publish_will(WillChecks& checks) {
    checks.published(20 * kSecond, "d", WillChecks::topic_of("d"), WillChecks::payload_of("d"));
}

bool lost_at(Micros when, const char* cause, WillChecks checks = one_device()) {
    return !fails([&] { checks.lost(when, "d", cause, true); });
}

// SN12-102, SN12-112
void nobody_is_lost_before_its_keep_alive_and_half_of_it_again(void**) {
    assert_false(lost_at(14 * kSecond, "nothing heard within the keep-alive"));
    assert_true(lost_at(15 * kSecond, "nothing heard within the keep-alive"));
    assert_true(lost_at(kSecond, "no answer to a message within N_retry repetitions"));
}

// SN12-103
void a_sleeper_is_not_lost_before_its_sleep_is_over(void**) {
    WillChecks checks = one_device();
    checks.to_gateway(Micros{0}, 0, 0, message_of(WireType::disconnect, 100));
    assert_false(lost_at(109 * kSecond, "did not wake up in time", checks));
    assert_true(lost_at(110 * kSecond, "did not wake up in time", checks));
}

void a_datagram_from_another_port_is_a_stranger_s_until_it_connects(void**) {
    WillChecks checks = one_device();
    checks.to_gateway(10 * kSecond, 0, 1, message_of(WireType::pingreq));
    assert_true(lost_at(15 * kSecond, "nothing heard within the keep-alive", checks));
    checks.to_gateway(10 * kSecond, 0, 1, message_of(WireType::connect, 10));
    assert_false(lost_at(15 * kSecond, "nothing heard within the keep-alive", checks));
}

// D13, D14: seed 486406674
void a_wake_up_from_another_port_counts_only_when_the_gateway_takes_the_device_for_asleep(void**) {
    WillChecks checks = one_device();
    WireMessage wakes = message_of(WireType::pingreq);
    wakes.has_more = true;
    checks.to_gateway(10 * kSecond, 0, 1, wakes);  // it took a stranger's DISCONNECT for its own
    assert_true(lost_at(15 * kSecond, "nothing heard within the keep-alive", checks));
    checks = one_device();
    checks.to_gateway(Micros{0}, 0, 0, message_of(WireType::disconnect, 10));
    checks.rests("d", true);
    checks.to_gateway(10 * kSecond, 0, 1, wakes);
    assert_false(lost_at(15 * kSecond, "did not wake up in time", checks));
}

// D25
void a_will_comes_once_when_its_device_is_lost_and_in_no_other_case(void**) {
    WillChecks checks = one_device();
    assert_true(fails([&] { publish_will(checks); }));
    checks.lost(15 * kSecond, "d", "nothing heard within the keep-alive", true);
    assert_true(fails([&] { checks.check_end(16 * kSecond); }));
    publish_will(checks);
    checks.check_end(16 * kSecond);
    assert_true(fails([&] { publish_will(checks); }));
}

void a_will_that_is_not_the_device_s_is_found(void**) {
    WillChecks checks = one_device();
    checks.connections_broken();
    assert_true(fails([&] { checks.published(kSecond, "d", "will/d", "of another"); }));
    assert_true(fails([&] { checks.published(kSecond, "d", "elsewhere", "will of d"); }));
}

void a_fault_excuses_a_will_of_each_connection_and_owes_none(void**) {
    WillChecks checks = one_device();
    checks.connections_broken();
    checks.check_end(kSecond);
    publish_will(checks);
    publish_will(checks);
    assert_true(fails([&] { publish_will(checks); }));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_lost_before_its_keep_alive_and_half_of_it_again),
        cmocka_unit_test(a_sleeper_is_not_lost_before_its_sleep_is_over),
        cmocka_unit_test(a_datagram_from_another_port_is_a_stranger_s_until_it_connects),
        cmocka_unit_test(
            a_wake_up_from_another_port_counts_only_when_the_gateway_takes_the_device_for_asleep),
        cmocka_unit_test(a_will_comes_once_when_its_device_is_lost_and_in_no_other_case),
        cmocka_unit_test(a_will_that_is_not_the_device_s_is_found),
        cmocka_unit_test(a_fault_excuses_a_will_of_each_connection_and_owes_none),
    };
    return cmocka_run_group_tests_name("unit.sim.will_checks", tests, nullptr, nullptr);
}
