// SPDX-License-Identifier: BSD-3-Clause
//
// Topic registration by the device (section 5.4; D21, D28, D30, D34, D35).
#include <set>

#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void expect_refused(Device& device, const std::string& name, std::uint8_t code = sn::kNotSupported) {
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::register_topic(0, msg_id, name));
    device.expect(sn::regack(0, msg_id, code));
}

void register_gets_an_id(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    device.publish(device.register_topic(t.topic()), "by id", 1);
    peer.expect(t.topic(), "by id");
}

void msg_ids_are_echoed(Case& t) {
    Device& device = t.connected();
    for (const std::uint16_t msg_id : {std::uint16_t{1}, std::uint16_t{0x0100}, std::uint16_t{0xFFFF}}) {
        device.send(sn::register_topic(0, msg_id, t.topic(std::to_string(msg_id))));
        const sn::Message regack = device.expect_type(sn::REGACK);
        t.check(regack.msg_id == msg_id && regack.code == sn::kAccepted,
                "REGACK accepted, msg=" + std::to_string(msg_id), sn::describe(regack.octets));
    }
}

void msg_id_0(Case& t) {
    Device& device = t.connected();
    device.send(sn::register_topic(0, 0, t.topic()));
    const sn::Message regack = device.expect_type(sn::REGACK);
    t.check(regack.msg_id == 0 && regack.code == sn::kAccepted, "REGACK accepted, msg=0",
            sn::describe(regack.octets));
}

void topic_id_is_meaningless(Case& t) {
    Device& device = t.connected();
    for (const std::uint16_t topic_id : {std::uint16_t{0x1234}, std::uint16_t{0xFFFF}}) {
        const std::uint16_t msg_id = device.next_msg_id();
        device.send(sn::register_topic(topic_id, msg_id, t.topic(std::to_string(topic_id))));
        const sn::Message regack = device.expect_type(sn::REGACK);
        t.check(regack.code == sn::kAccepted && regack.topic_id != 0 && regack.topic_id != 0xFFFF,
                "REGACK accepted with a usable id", sn::describe(regack.octets));
    }
}

void same_name_same_id(Case& t) {
    Device& device = t.connected();
    const std::uint16_t first = device.register_topic(t.topic());
    device.register_topic(t.topic("other"));
    t.check(device.register_topic(t.topic()) == first, "the same id for the same name", "another");
    t.check(device.subscribe(t.topic()) == first, "the same id in SUBACK", "another");
}

void ids_differ(Case& t) {
    Device& device = t.connected();
    std::set<std::uint16_t> ids;
    for (int i = 0; i < 20; ++i) {
        ids.insert(device.register_topic(t.topic(std::to_string(i))));
    }
    t.check(ids.size() == 20, "20 ids for 20 names", std::to_string(ids.size()));
    for (const Predefined& topic : t.options().predefined) {
        t.check(ids.count(topic.id) == 0, "ids beside the pre-defined ones",
                "id " + std::to_string(topic.id));
    }
}

void repeated_register(Case& t) {
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::register_topic(0, msg_id, t.topic()));
    const sn::Message first = device.expect_type(sn::REGACK);
    device.send(sn::register_topic(0, msg_id, t.topic()));  // REGACK was lost
    device.expect(first.octets);
}

void wildcards(Case& t) {
    Device& device = t.connected();
    for (const char* name : {"#", "+", "a/#", "a/+/b", "a+", "#a"}) {
        expect_refused(device, name);
    }
    device.register_topic(t.topic());
}

void bad_names(Case& t) {
    Device& device = t.connected();
    const std::vector<std::string> bad{
        "", "\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", std::string("a\0b", 3)};
    for (const std::string& name : bad) {
        expect_refused(device, name);
    }
    device.register_topic(t.topic());
}

void utf8_names(Case& t) {
    const std::string name = t.topic(
        "Gr\xC3\xBC\xC3\x9F"
        "e/\xE6\xB8\xA9\xE5\xBA\xA6/\xF0\x9F\x8C\xA1/ /-");
    Peer& peer = t.subscriber(name);
    Device& device = t.connected();
    device.publish(device.register_topic(name), "warm", 1);
    peer.expect(name, "warm");
}

void long_name(Case& t) {
    const std::string name = t.topic(std::string(900, 'n'));
    Peer& peer = t.subscriber(name);
    Device& device = t.connected();
    device.publish(device.register_topic(name), "long", 1);
    peer.expect(name, "long");
}

void many_levels(Case& t) {
    Device& device = t.connected();
    expect_refused(device, t.topic(std::string(1000, '/')));
    device.register_topic(t.topic("few"));
}

void two_octet_name(Case& t) {
    const std::string name = t.short_name();
    Peer& peer = t.subscriber(name);
    Device& device = t.connected();
    device.publish(device.register_topic(name), t.topic(), 1);
    peer.expect_among(name, t.topic());
}

void publish_before_register(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos1, 0x7777, msg_id, "early"));
    device.expect(sn::puback(0x7777, msg_id, sn::kInvalidTopicId));
    device.publish(device.register_topic(t.topic()), "registered", 1);
    peer.expect(t.topic(), "registered");
    peer.expect_no_more();
}

void ids_survive_reconnect(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected_kept();
    const std::uint16_t id = device.register_topic(t.topic());
    device.disconnect();
    device.connect(0);
    device.publish(id, "old id", 1);
    peer.expect(t.topic(), "old id");
}

void table_is_limited(Case& t) {
    t.need(t.options().topic_limit.has_value(), "--topic-limit was not given");
    Device& device = t.connected();
    unsigned accepted = 0;
    for (unsigned i = 0; i <= *t.options().topic_limit; ++i) {
        const std::uint16_t msg_id = device.next_msg_id();
        device.send(sn::register_topic(0, msg_id, t.topic(std::to_string(i))));
        const sn::Message regack = device.expect_type(sn::REGACK);
        if (regack.code != sn::kAccepted) {
            t.check(regack.octets == sn::regack(0, msg_id, sn::kCongestion),
                    sn::describe(sn::regack(0, msg_id, sn::kCongestion)), sn::describe(regack.octets));
            break;
        }
        ++accepted;
    }
    t.check(accepted == *t.options().topic_limit, std::to_string(*t.options().topic_limit) + " ids",
            std::to_string(accepted));
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::subscribe(0, msg_id, t.topic("one more")));
    device.expect(sn::suback(0, 0, msg_id, sn::kCongestion));
    device.register_topic(t.topic("0"));  // what it has, it keeps
}

}  // namespace

CaseTable register_cases() {
    return {
        {"SN12-71.register_gets_an_id_to_publish_with", "SN12-25 SN12-28 SN12-37 SN12-38 SN12-70",
         register_gets_an_id},
        {"SN12-38.regack_echoes_the_msg_id", "SN12-23", msg_ids_are_echoed},
        {"D28.register_with_msg_id_0", "SN12-23 FAULT-26", msg_id_0},
        {"SN12-37.topic_id_in_register_means_nothing", "SN12-25", topic_id_is_meaningless},
        {"D35.the_same_name_has_the_same_id", "SN12-71 FAULT-20", same_name_same_id},
        {"D35.ids_differ_and_avoid_predefined_ones", "SN12-25", ids_differ},
        {"D30.a_repeated_register_gets_the_same_regack", "SN12-99", repeated_register},
        {"D34.names_with_wildcards_are_refused", "SN12-37 SN12-71 FAULT-21", wildcards},
        {"D34.bad_names_are_refused", "SN12-26 FAULT-22", bad_names},
        {"SN12-26.names_are_utf8", "", utf8_names},
        {"SN12-26.a_long_name", "SN12-09 SN12-37", long_name},
        {"D34.names_with_a_thousand_levels_are_refused", "FAULT-23 TRAP-57", many_levels},
        {"SN12-81.a_name_of_two_octets_can_be_registered", "SN12-71", two_octet_name},
        {"SN12-70.publish_before_register", "SN12-76 FAULT-41 FAULT-58", publish_before_register},
        {"D21.ids_survive_a_reconnect", "SN12-70", ids_survive_reconnect},
        {"D35.the_table_of_a_device_is_limited", "SN12-71 SN12-28 FAULT-19", table_is_limited},
    };
}

}  // namespace conformance
