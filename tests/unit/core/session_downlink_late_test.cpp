// SPDX-License-Identifier: BSD-3-Clause
//
// Answers of the device to what is over: refusals and PUBRECs that come late or twice (session_downlink.cpp).
// Ids of other sessions of the broker: broker_forgot_test.cpp.
#include "gateway/core/session_downlink.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

// D41: the refusal of a PUBLISH under the old id, doubled by the network, comes when the device has taken the
// message under the new one. To drop it then would leave its QoS 2 id at the device for ever.
void copy_of_a_refusal_of_an_earlier_topic_id_drops_nothing(void**) {
    Settings settings;
    settings.predefined_topics = {{7, "p", "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1");
    const std::uint16_t old_id = d1.subscribes(1, "p", 2);
    d1.from_broker(publish(2, 5, "p", "x"));
    d1.gets(make_publish(flags(2), old_id, 5, view("x")));
    d1.sends(make_subscribe_id(flags(2, TopicIdType::predefined), 2, 7));
    d1.to_broker(subscribe(2, "p", 2));
    d1.sends(make_puback(old_id, 5, ReturnCode::invalid_topic_id));
    d1.from_broker(suback(2, 2));
    d1.gets(make_suback(flags(2), 7, 2, ReturnCode::accepted));
    d1.gets(make_publish(flags(2, TopicIdType::predefined), 7, 5, view("x")));
    d1.sends(make_puback(old_id, 5, ReturnCode::invalid_topic_id));
    d1.sends(make_puback(old_id, 5, ReturnCode::invalid_topic_id));
    g.nothing();
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
}

// Found by the simulation: a PUBLISH of the session before has overtaken the CONNACK of a clean one. The
// device took it into its new session, where nobody would release it: the next message under this id would be
// taken for a repetition.
void message_of_an_ended_session_that_the_device_holds_is_released(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true);
    d1.sends(make_pubrec(1));
    d1.gets(make_pubrel(1));
    d1.sends(make_pubcomp(1));
    g.nothing();
    g.advance_seconds(3);  // too late to be such a one (FAULT-42)
    d1.sends(make_pubrec(2));
    g.nothing();
}

// The broker had this session before: it will send the message again, and the device must know it then.
void pubrec_of_a_session_that_the_broker_kept_releases_nothing(void**) {
    Harness g;
    g.auto_links = true;
    g.auto_session_present = true;
    const Device d1 = g.connected("d1", false);
    d1.sends(make_pubrec(1));
    g.nothing();
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(copy_of_a_refusal_of_an_earlier_topic_id_drops_nothing),
        cmocka_unit_test(message_of_an_ended_session_that_the_device_holds_is_released),
        cmocka_unit_test(pubrec_of_a_session_that_the_broker_kept_releases_nothing),
    };
    return cmocka_run_group_tests_name("session_downlink_late", tests, nullptr, nullptr);
}
