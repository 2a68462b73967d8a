// SPDX-License-Identifier: BSD-3-Clause
//
// The broker goes away, or stops answering, and comes back (D49). The gateway reaches its broker through this
// program
// (--relay). These cases run alone, after all others: an outage is everybody's.
#include "conformance/broker_relay.hpp"
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

constexpr int kBackAttempts = 60;

/// The gateway's one connection for all may still be on its way back from the case before.
void await_shared_connection(Case& t) {
    Device& first = t.device();
    for (int attempt = 0; attempt < kBackAttempts; ++attempt) {
        first.send(sn::connect(first.client_id(), sn::kClean, 60));
        if (first.expect_type(sn::CONNACK, t.answer() * 3).code == sn::kAccepted) {
            first.send(sn::disconnect());
            first.expect(sn::disconnect());
            return;
        }
        t.pause(milliseconds(500));
    }
    t.fail("the gateway at its broker again", "only CONNACK 01");
}

BrokerRelay& relay_of(Case& t) {
    t.need(t.environment().relay != nullptr, "--relay was not given");
    if (t.is_weaker("shared")) {
        await_shared_connection(t);
    }
    // A dedicated session opens its connection with CONNECT: one that is accepted has come through here.
    Device& witness = t.connected();
    witness.disconnect();
    t.check(t.environment().relay->used(), "the gateway's broker to be this tool's --relay",
            "nobody has connected to it");
    return *t.environment().relay;
}

BrokerRelay& keeping(Case& t) {
    t.need(!t.options().disconnects, "--when-down is disconnect");
    return relay_of(t);
}

/// Publishes until it is accepted: the gateway connects again in its own time.
void await_broker(Case& t, Device& device, std::uint16_t id) {
    for (int attempt = 0; attempt < kBackAttempts; ++attempt) {
        const std::uint16_t msg_id = device.next_msg_id();
        device.send(sn::publish(sn::kQos1, id, msg_id, "back?"));
        const sn::Message answer = device.expect_type(sn::PUBACK, t.answer() * 3);
        if (answer.octets == sn::puback(id, msg_id, sn::kAccepted)) {
            return;
        }
        t.check(answer.code == sn::kCongestion, "PUBACK 01 or 00", sn::describe(answer.octets));
        t.pause(milliseconds(1000));
    }
    t.fail("the gateway at its broker again", "only PUBACK 01");
}

void publish_during_an_outage(Case& t) {
    BrokerRelay& relay = keeping(t);
    const RelayGuard guard(relay);
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected_kept();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t other = device.register_topic(t.topic("probe"));
    relay.cut();
    t.pause(Case::kSilence);
    for (const int qos : {1, 2, 0}) {
        const std::uint16_t msg_id = qos == 0 ? std::uint16_t{0} : device.next_msg_id();
        device.send(sn::publish(sn::qos_flag(qos), id, msg_id, "refused"));
        device.expect(sn::puback(id, msg_id, sn::kCongestion));
    }
    device.expect_alive();
    relay.restore();
    await_broker(t, device, other);
    device.publish(id, "accepted", 1);
    peer.expect(t.topic(), "accepted");
    peer.expect_no_more();
}

void subscriptions_after_an_outage(Case& t, bool clean) {
    BrokerRelay& relay = keeping(t);
    const RelayGuard guard(relay);
    Peer& peer = t.peer();
    Device& device = clean ? t.connected() : t.connected_kept();
    const std::uint16_t probe = device.register_topic(t.topic("probe"));
    device.subscribe(t.topic("plain"), 1);
    device.subscribe(t.topic("wild/#"), 2);
    relay.cut();
    t.pause(Case::kSilence);
    if (!clean) {
        peer.publish(t.topic("plain"), "during the outage");  // the broker keeps it
    }
    relay.restore();
    if (clean) {
        await_broker(t, device, probe);
    } else {
        const Arrival arrival = device.expect_arrival(milliseconds(1000) * kBackAttempts);
        t.check(arrival.data == "during the outage", "what the broker kept", arrival.data);
    }
    t.pause(Case::kSilence);  // SUBSCRIBE again may still be on its way
    peer.publish(t.topic("plain"), "one");
    device.expect_arrival(t.topic("plain"), "one");
    peer.publish(t.topic("wild/x"), "two", 2);
    device.expect_arrival(t.topic("wild/x"), "two");
}

void kept_subscriptions(Case& t) {
    subscriptions_after_an_outage(t, false);
}

void clean_subscriptions(Case& t) {
    subscriptions_after_an_outage(t, true);
}

void requests_during_an_outage(Case& t) {
    BrokerRelay& relay = keeping(t);
    const RelayGuard guard(relay);
    Device& device = t.connected_kept();
    relay.cut();
    t.pause(Case::kSilence);
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::subscribe(sn::kQos1, msg_id, t.topic()));
    device.expect(sn::suback(0, 0, msg_id, sn::kCongestion), t.answer() * 3);
    device.register_topic(t.topic());  // needs no broker
    Device& late = t.device();
    late.send(sn::connect(late.client_id(), sn::kClean, 60));
    late.expect(sn::connack(sn::kCongestion), t.answer() * 3);
}

void sleeper_during_an_outage(Case& t) {
    BrokerRelay& relay = keeping(t);
    const RelayGuard guard(relay);
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    const std::uint16_t probe = device.register_topic(t.topic("probe"));
    device.subscribe(t.topic(), 1);
    device.sleep(600);
    relay.cut();
    peer.publish(t.topic(), "waits at the broker");
    t.pause(Case::kSilence);
    t.check(device.wake().empty(), "PINGRESP while the broker is away", "messages");
    relay.restore();
    await_broker(t, device, probe);
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 1, "the message after the outage",
            std::to_string(arrivals.size()) + " messages");
}

void puback_waits_for_the_broker(Case& t) {
    BrokerRelay& relay = relay_of(t);
    const RelayGuard guard(relay);
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    relay.hold();
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets message = sn::publish(sn::kQos1, id, msg_id, "not there yet");
    device.send(message);
    device.expect_silence();
    device.send(sn::dup(message));
    device.expect_silence();
    device.expect_alive();
    relay.restore();
    device.expect(sn::puback(id, msg_id, sn::kAccepted));
    peer.expect(t.topic(), "not there yet");
    peer.expect_no_more();  // D30: the repetition was not forwarded
}

void pubrec_waits_for_the_broker(Case& t) {
    BrokerRelay& relay = relay_of(t);
    const RelayGuard guard(relay);
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    relay.hold();
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos2, id, msg_id, "exactly once"));
    device.expect_silence();
    relay.restore();
    device.expect(sn::pubrec(msg_id));
    relay.hold();
    device.send(sn::pubrel(msg_id));
    const std::optional<sn::Message> early = device.receive(Case::kSilence);
    if (early.has_value()) {
        // PUBCOMP may come at once if PUBREC meant that the whole exchange with the broker was over.
        t.check(early->octets == sn::pubcomp(msg_id), sn::describe(sn::pubcomp(msg_id)),
                sn::describe(early->octets));
        peer.expect(t.topic(), "exactly once");
    }
    relay.restore();
    if (!early.has_value()) {
        device.expect(sn::pubcomp(msg_id));
        peer.expect(t.topic(), "exactly once");
    }
    peer.expect_no_more();
}

void connack_waits_for_the_broker(Case& t) {
    BrokerRelay& relay = relay_of(t);
    const RelayGuard guard(relay);
    if (t.weaker("shared", "CONNACK does not wait for the broker: the connection is everybody's")) {
        return;
    }
    Device& device = t.device();
    relay.hold();
    device.send(sn::connect(device.client_id(), sn::kClean, 60));
    device.expect_silence();
    device.send(sn::connect(device.client_id(), sn::kClean, 60));
    device.expect_silence();
    relay.restore();
    device.expect(sn::connack(sn::kAccepted));
    device.expect_alive();
}

void suback_waits_for_the_broker(Case& t) {
    BrokerRelay& relay = relay_of(t);
    const RelayGuard guard(relay);
    Device& device = t.connected();
    relay.hold();
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::subscribe(sn::kQos1, msg_id, t.topic()));
    device.expect_silence();
    device.send(sn::dup(sn::subscribe(sn::kQos1, msg_id, t.topic())));
    device.expect_silence();
    relay.restore();
    const sn::Message suback = device.expect_type(sn::SUBACK);
    t.check(suback.code == sn::kAccepted && suback.msg_id == msg_id, "SUBACK accepted",
            sn::describe(suback.octets));
    device.expect_alive();
}

void active_devices_are_disconnected(Case& t) {
    BrokerRelay& relay = relay_of(t);
    t.need(t.options().disconnects, "--when-down is not disconnect");
    const RelayGuard guard(relay);
    Device& active = t.connected();
    Device& sleeper = t.connected();
    sleeper.sleep(600);
    relay.cut();
    active.expect(sn::disconnect());
    sleeper.expect_silence();
    sleeper.send(sn::pingreq(sleeper.client_id()));
    sleeper.expect(sn::disconnect());
    relay.restore();
    for (int attempt = 0; attempt < kBackAttempts; ++attempt) {
        active.send(sn::connect(active.client_id(), sn::kClean, 60));
        if (active.expect_type(sn::CONNACK, t.answer() * 3).code == sn::kAccepted) {
            return;
        }
        t.pause(milliseconds(1000));
    }
    t.fail("CONNACK 00 after the outage", "only refusals");
}

}  // namespace

CaseTable outage_cases() {
    const auto alone = [](const char* id, const char* cites, void (*body)(Case&)) {
        return CaseInfo{id, cites, body, false, true};
    };
    return {
        alone("SN12-75.puback_waits_for_the_broker", "D30 FAULT-56 FAULT-73 FAULT-74",
              puback_waits_for_the_broker),
        alone("SN12-75.pubrec_and_pubcomp_wait_for_the_broker", "FAULT-73 FAULT-74",
              pubrec_waits_for_the_broker),
        alone("SN12-83.suback_waits_for_the_broker", "FAULT-74", suback_waits_for_the_broker),
        alone("SN12-61.connack_waits_for_the_broker", "SN12-02 D09 FAULT-6 FAULT-74",
              connack_waits_for_the_broker),
        alone("D49.publishing_during_an_outage_is_congestion", "SN12-76 D26 D27 FAULT-73",
              publish_during_an_outage),
        alone("D49.requests_during_an_outage_are_congestion", "SN12-62 SN12-83 SN12-28 FAULT-72",
              requests_during_an_outage),
        alone("D49.kept_subscriptions_survive_an_outage", "SN12-63 FAULT-73", kept_subscriptions),
        alone("D49.clean_subscriptions_are_made_again", "FAULT-78", clean_subscriptions),
        alone("D49.a_sleeper_does_not_notice_an_outage", "SN12-104 SN12-106", sleeper_during_an_outage),
        alone("D49.active_devices_are_disconnected", "SN12-98 SN12-48", active_devices_are_disconnected),
    };
}

}  // namespace conformance
