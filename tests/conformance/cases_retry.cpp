// SPDX-License-Identifier: BSD-3-Clause
//
// What the gateway repeats, how often, and when it stops (SN12-99, SN12-100; D29, D33). The device stays
// silent.
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

/// The next message must be `wanted` again, after about T_retry.
void expect_again(Case& t, Device& device, const Octets& wanted) {
    const Clock::time_point start = Clock::now();
    const std::optional<sn::Message> again = device.receive(t.beyond_retry());
    t.check(again.has_value() && again->octets == wanted, sn::describe(wanted) + " again",
            again ? sn::describe(again->octets) : "nothing");
    const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    t.check(passed >= t.retry() / 2, "the repetition after T_retry",
            "after " + std::to_string(passed.count()) + " ms");
}

/// Nothing comes although more than T_retry passes.
void expect_no_repetition(Case& t, Device& device) {
    device.expect_silence(t.retry() * 2 + Case::kSilence);
    device.expect_alive();
}

void publish_qos_1(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    t.peer().publish(t.topic(), "again");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    expect_again(t, device, sn::dup(publish.octets));
    expect_again(t, device, sn::dup(publish.octets));
    device.acknowledge(publish);
    expect_no_repetition(t, device);
}

void publish_qos_2(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    t.peer().publish(t.topic(), "again", 2);
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    expect_again(t, device, sn::dup(publish.octets));
    device.send(sn::pubrec(publish.msg_id));
    device.expect(sn::pubrel(publish.msg_id));
    expect_again(t, device, sn::pubrel(publish.msg_id));
    device.send(sn::pubcomp(publish.msg_id));
    expect_no_repetition(t, device);
}

void publish_qos_0(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic(), 0);
    t.peer().publish(t.topic(), "once", 0);
    device.expect_type(sn::PUBLISH);
    expect_no_repetition(t, device);
}

void register_message(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic("#"), 1);
    t.peer().publish(t.topic("a"), "a");
    const sn::Message reg = device.expect_type(sn::REGISTER);
    expect_again(t, device, reg.octets);
    device.accept(reg);
    device.expect_arrival(t.topic("a"), "a");
    expect_no_repetition(t, device);
}

void lost_after_n_retry(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost");
    device.subscribe(t.topic(), 1);
    peer.publish(t.topic(), "never acknowledged");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    for (int i = 0; i < t.options().retry_count; ++i) {
        expect_again(t, device, sn::dup(publish.octets));
    }
    peer.expect(t.topic("will"), "lost", t.beyond_retry());
    // It may be told so, but no PUBLISH comes any more.
    const std::optional<sn::Message> more = device.receive(t.retry() * 2);
    t.check(!more.has_value() || more->type == sn::DISCONNECT, "no further repetition",
            more ? sn::describe(more->octets) : "");
    device.expect_unknown();
}

void other_messages_do_not_stop_it(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    const std::uint16_t id = device.register_topic(t.topic("up"));
    t.peer().publish(t.topic(), "waiting");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.expect_alive();
    device.publish(id, "uplink goes on", 1);
    expect_again(t, device, sn::dup(publish.octets));
    device.acknowledge(publish);
    device.expect_alive();
}

void unacknowledged_over_reconnect(Case& t) {
    Device& device = t.connected_kept();
    device.subscribe(t.topic(), 1);
    Peer& peer = t.peer();
    peer.publish(t.topic(), "kept");
    device.expect_type(sn::PUBLISH);
    device.disconnect();
    device.expect_silence(t.retry() * 2);
    device.connect(0);
    device.expect_arrival(t.topic(), "kept");
    device.expect_alive();
}

}  // namespace

CaseTable retry_cases() {
    return {
        {"D33.publish_qos_1_is_repeated_until_puback", "SN12-14 SN12-99 SN12-111 D29", publish_qos_1, true},
        {"D33.publish_qos_2_and_pubrel_are_repeated", "SN12-14 SN12-99 SN12-111 D29", publish_qos_2, true},
        {"D33.publish_qos_0_is_not_repeated", "SN12-75", publish_qos_0, true},
        {"D33.register_is_repeated_until_regack", "SN12-89 SN12-99 D29 FAULT-24", register_message, true},
        {"D33.lost_after_n_retry_repetitions", "SN12-100 SN12-101 D25 FAULT-24", lost_after_n_retry, true},
        {"D33.other_messages_do_not_stop_a_repetition", "SN12-99", other_messages_do_not_stop_it, true},
        {"SN12-75.unacknowledged_messages_come_after_a_reconnect", "SN12-63 SN12-67 D33",
         unacknowledged_over_reconnect, true},
    };
}

}  // namespace conformance
