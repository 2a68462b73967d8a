// SPDX-License-Identifier: BSD-3-Clause
//
// Sections 2 and 3 of the rules: Length, message types, flag bits; and octets that are no message (D01 to
// D04, D53, D54). What must not be answered is followed by a PINGREQ: its PINGRESP has to be the next thing
// the gateway says.
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void long_form_accepted(Case& t) {
    Device& device = t.device();
    device.send(sn::long_form(sn::connect(device.client_id(), sn::kClean, 60)));
    device.expect(sn::connack(sn::kAccepted));
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::long_form(sn::register_topic(0, msg_id, t.topic())));
    const sn::Message regack = device.expect_type(sn::REGACK);
    t.check(regack.msg_id == msg_id && regack.code == sn::kAccepted, "REGACK accepted",
            sn::describe(regack.octets));
    device.send(sn::long_form(sn::pingreq()));
    device.expect(sn::pingresp());
    device.send(sn::long_form(sn::disconnect()));
    device.expect(sn::disconnect());
}

void long_messages_pass(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    for (const std::size_t size : {247U, 248U, 249U, 250U, 300U, 1000U}) {
        const std::string data(size, static_cast<char>('a' + size % 26));
        device.publish(id, data, 1);
        peer.expect(t.topic(), data);
    }
}

void shortest_length_is_sent(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 0);
    for (const std::size_t size : {1U, 247U, 248U, 249U, 300U}) {
        const std::string data(size, 'x');
        peer.publish(t.topic(), data);
        const Arrival arrival = device.expect_arrival();
        t.check(arrival.data == data, std::to_string(size) + " octets of data",
                std::to_string(arrival.data.size()) + " octets");
        t.check(arrival.publish.long_form == (size > 248), "the 1-octet Length up to a total of 255 octets",
                sn::describe(arrival.publish.octets));
    }
}

void impossible_lengths(Case& t) {
    Device& device = t.connected();
    const std::vector<Octets> wrong{
        {},           {0x00},       {0x00, 0x16},       {0x01},
        {0x02},       {0x03, 0x16}, {0x01, 0x00},       {0x01, 0x00, 0x00},
        {0xFF, 0x16}, {0x01, 0x16}, {0x01, 0x00, 0x05}, {0x01, 0x00, 0x00, 0x16},
        {0xFE},       {0xFF},       {0x01, 0xFF, 0xFF}, {0x01, 0x00, 0x02, 0x16},
        {0x00, 0x0C}, {0x01, 0x16}, {0x01, 0x00, 0x03}, {0x01, 0x00, 0x05, 0x16},
    };
    for (const Octets& octets : wrong) {
        device.send_raw(octets);
        device.expect_alive();
    }
}

void shorter_than_fixed_part(Case& t) {
    Device& device = t.connected();
    for (const std::uint8_t type :
         {sn::CONNECT, sn::REGISTER, sn::REGACK, sn::PUBLISH, sn::PUBACK, sn::PUBCOMP, sn::PUBREC, sn::PUBREL,
          sn::SUBSCRIBE, sn::UNSUBSCRIBE, sn::SEARCHGW}) {
        device.send(sn::frame(type, {}));
        if (type != sn::SEARCHGW) {
            device.send(sn::frame(type, {0x20}));
        }
        device.expect_alive();
    }
    for (const Octets& body :
         {Octets{0x20, 0x00}, Octets{0x20, 0x00, 0x01}, Octets{0x20, 0x00, 0x01, 0x00}}) {
        device.send(sn::frame(sn::PUBLISH, body));
        device.send(sn::frame(sn::REGACK, body));
        device.send(sn::frame(sn::PUBACK, body));
    }
    device.send(sn::frame(sn::SUBSCRIBE, {0x01, 0x00, 0x01, 0x00}));  // half a TopicId
    device.send(sn::frame(sn::REGISTER, {0x00, 0x00, 0x01}));
    device.send(sn::frame(sn::CONNECT, {0x04, 0x01, 0x00}));
    device.expect_alive();
}

void fixed_size_exceeded(Case& t) {
    Device& device = t.connected();
    device.send(sn::frame(sn::PINGRESP, {0}));
    device.send(sn::frame(sn::PUBACK, {0, 1, 0, 1, 0, 0}));
    device.send(sn::frame(sn::REGACK, {0, 1, 0, 1, 0, 0}));
    device.send(sn::frame(sn::PUBREC, {0, 1, 0}));
    device.send(sn::frame(sn::PUBREL, {0, 1, 0}));
    device.send(sn::frame(sn::PUBCOMP, {0, 1, 0}));
    device.send(sn::frame(sn::SUBSCRIBE, {0x01, 0, 1, 0, 1, 0}));
    device.send(sn::frame(sn::UNSUBSCRIBE, {0x02, 0, 1, 'a', 'b', 'c'}));
    device.send(sn::frame(sn::SEARCHGW, {1, 0}));
    device.send(sn::frame(sn::DISCONNECT, {0}));
    device.send(sn::frame(sn::DISCONNECT, {0, 1, 0}));
    device.expect_alive();
}

void trailing_octets(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    Octets message = sn::publish(sn::kQos1, id, device.next_msg_id(), "trailing");
    message.push_back(0);
    device.send_raw(message);
    message = sn::pingreq();
    message.push_back(0);
    device.send_raw(message);
    device.expect_alive();
    peer.expect_no_more();
}

void two_messages_in_one_datagram(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    Octets both = sn::publish(sn::kQos1, id, device.next_msg_id(), "first");
    const Octets second = sn::publish(sn::kQos1, id, device.next_msg_id(), "second");
    both.insert(both.end(), second.begin(), second.end());
    device.send_raw(both);
    device.expect_alive();
    device.publish(id, "alone", 1);
    peer.expect(t.topic(), "alone");
}

void reserved_types(Case& t) {
    Device& device = t.connected();
    for (unsigned type = 0; type <= 0xFF; ++type) {
        const bool reserved =
            type == 0x03 || type == 0x11 || type == 0x19 || type == 0xFF || (type >= 0x1E && type < 0xFE);
        if (reserved) {
            device.send(sn::frame(static_cast<std::uint8_t>(type), {0x00, 0x01, 0x02}));
        }
        if (type % 32 == 31) {
            device.expect_alive();
        }
    }
    device.expect_alive();
}

void wrong_direction(Case& t) {
    Device& device = t.connected();
    device.send(sn::connack(sn::kAccepted));
    device.send(sn::will_topic_req());
    device.send(sn::will_msg_req());
    device.send(sn::suback(0, 1, 1, sn::kAccepted));
    device.send(sn::unsuback(1));
    device.send(sn::will_topic_resp(sn::kAccepted));
    device.send(sn::will_msg_resp(sn::kAccepted));
    device.send(sn::advertise(9, 900));
    device.expect_alive();
}

void unused_bits_ignored(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), 0xF3 | sn::kClean, 60));
    device.expect(sn::connack(sn::kAccepted));
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::subscribe(sn::kQos1 | 0x1C, msg_id, t.topic()));
    const sn::Message suback = device.expect_type(sn::SUBACK);
    t.check(suback.code == sn::kAccepted && suback.qos() == 1, "SUBACK accepted, Q1",
            sn::describe(suback.octets));
    device.send(sn::publish(sn::kQos1 | 0x0C, suback.topic_id, device.next_msg_id(), "bits"));
    bool acknowledged = false;
    bool arrived = false;
    while (!acknowledged || !arrived) {  // its own message and its PUBACK come in any order
        const std::optional<sn::Message> message = device.receive(t.answer());
        t.check(message.has_value() && (message->type == sn::PUBACK || message->type == sn::PUBLISH),
                "PUBACK and the device's own message", message ? sn::describe(message->octets) : "nothing");
        acknowledged = acknowledged || message->type == sn::PUBACK;
        arrived = arrived || message->type == sn::PUBLISH;
        if (message->type == sn::PUBLISH) {
            device.acknowledge(*message);
        }
    }
    peer.expect(t.topic(), "bits");
    device.send(sn::unsubscribe(device.next_msg_id(), t.topic(), 0xFC));
    device.expect_type(sn::UNSUBACK);
}

void version_2_connect(Case& t) {
    Device& stranger = t.device();
    // CONNECT of MQTT-SN 2.0: type 01, 60 s, a client id.
    stranger.send(sn::frame(0x01, {0x01, 0x00, 0x01, 0x02, 0x00, 0x3C, 0x00, 0x00, 'v', '2'}));
    stranger.send(sn::frame(0x01, {0x01, 0x00, 0x01, 0x02, 0x00, 0x3C, 0x00, 0x00, 'v'}));
    stranger.connect();
    stranger.send(sn::frame(0x01, {0x01, 0x00, 0x01, 0x02, 0x00, 0x3C, 0x00, 0x00, 'v', '2'}));
    stranger.expect_alive();
}

void huge_datagram(Case& t) {
    Device& device = t.connected();
    device.send_raw(Octets(60000, 0x55));
    device.expect_alive();
    Octets lie = sn::frame(sn::PUBLISH, Octets(60000, 0));
    lie.resize(1500);  // Length speaks of more than there is
    device.send_raw(lie);
    device.expect_alive();
}

void acknowledgement_types(Case& t) {
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos2, id, msg_id, "x"));
    const sn::Message received = device.expect_type(sn::PUBREC);
    t.check(received.octets[1] == 0x0F, "0f is PUBREC", sn::describe(received.octets));
    device.send(sn::pubrel(msg_id));
    const sn::Message complete = device.expect_type(sn::PUBCOMP);
    t.check(complete.octets[1] == 0x0E, "0e is PUBCOMP", sn::describe(complete.octets));
}

void unknown_octets_from_strangers(Case& t) {
    Device& stranger = t.device();
    for (const Octets& octets : {Octets{}, Octets{0x00}, Octets{0x01, 0x00}, Octets{0xFF, 0xFF},
                                 Octets{0x02, 0x03}, Octets{0x03, 0xFF, 0x00}, Octets{0x05, 0x0C, 0x00}}) {
        stranger.send_raw(octets);
    }
    stranger.connect();  // CONNACK is the first thing it hears
}

}  // namespace

CaseTable framing_cases() {
    return {
        {"SN12-09.three_octet_length_is_accepted_on_short_messages",
         "SN12-06 SN12-07 SN12-08 SN12-11 FAULT-45", long_form_accepted},
        {"SN12-08.long_messages_pass_to_the_broker", "SN12-07 SN12-10 SN12-11 FAULT-46", long_messages_pass},
        {"SN12-08.shortest_length_form_is_sent", "SN12-09 SN12-39 FAULT-46 TRAP-11", shortest_length_is_sent},
        {"SN12-12.pubrec_is_0f_and_pubcomp_0e", "SN12-41", acknowledgement_types},
        {"D01.octets_behind_a_message_spoil_the_datagram", "SN12-07 FAULT-44 TRAP-43", trailing_octets},
        {"D01.two_messages_in_one_datagram_are_dropped", "SN12-07 FAULT-48", two_messages_in_one_datagram},
        {"D02.impossible_lengths_are_dropped", "SN12-08 FAULT-44 FAULT-45", impossible_lengths},
        {"D02.messages_shorter_than_their_fixed_part_are_dropped", "SN12-06 FAULT-44",
         shorter_than_fixed_part},
        {"D02.huge_datagrams_are_dropped", "SN12-10 FAULT-49", huge_datagram},
        {"D02.octets_from_strangers_are_dropped", "D03 FAULT-44 FAULT-47", unknown_octets_from_strangers},
        {"D03.reserved_types_are_dropped", "SN12-12 FAULT-47", reserved_types},
        {"D03.types_from_the_wrong_side_are_dropped", "SN12-33 SN12-34 SN12-43 SN12-45 SN12-51 FAULT-47",
         wrong_direction},
        {"D04.unused_flag_bits_are_ignored", "SN12-13 SN12-14 SN12-17 SN12-18 SN12-20 FAULT-47",
         unused_bits_ignored},
        {"D53.a_version_2_connect_gets_no_answer", "SN12-30", version_2_connect},
        {"D54.messages_longer_than_their_fixed_size_are_dropped", "SN12-38 SN12-40 SN12-41 SN12-47 SN12-48",
         fixed_size_exceeded},
    };
}

}  // namespace conformance
