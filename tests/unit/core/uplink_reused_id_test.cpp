// SPDX-License-Identifier: BSD-3-Clause
//
// A device that uses a MsgId again for another message while the old one is still on its way (it was
// restarted, or has given up): the new message must never be acknowledged in place of the old one
// (session_uplink.cpp).
#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

const Open kKeep{false, "", ""};

Message publish_of(int qos, std::uint16_t message_id, std::string_view payload, bool repeated = false) {
    return make_publish(flags(qos).with_dup(repeated), 1, message_id, view(payload));
}

Device ready(Harness& g) {
    const Device d1 = g.connected("d1", false, 600);
    d1.registers(1, "a");
    return d1;
}

void qos1_puback_of_the_old_message_is_not_given_for_the_new_one(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(1, 7, "A"));
    d1.to_broker(publish(1, 7, "a", "A"));
    d1.sends(publish_of(1, 7, "B"));
    g.nothing();
    d1.from_broker(ack(PacketType::puback, 7));
    g.nothing();
    d1.sends(publish_of(1, 7, "B", true));
    d1.to_broker(dup(publish(1, 7, "a", "B")));
    d1.from_broker(ack(PacketType::puback, 7));
    d1.gets(make_puback(1, 7, ReturnCode::accepted));
}

void qos2_received_message_is_released_and_the_new_one_passes_when_repeated(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 9, "C"));
    d1.to_broker(publish(2, 9, "a", "C"));
    d1.from_broker(ack(PacketType::pubrec, 9));
    d1.gets(make_pubrec(9));
    d1.sends(publish_of(2, 9, "D"));
    d1.to_broker(ack(PacketType::pubrel, 9));
    d1.from_broker(ack(PacketType::pubcomp, 9));
    g.nothing();
    d1.sends(publish_of(2, 9, "D", true));
    d1.to_broker(dup(publish(2, 9, "a", "D")));
}

void qos2_pubrec_of_the_old_message_is_not_given_for_the_new_one(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 9, "C"));
    d1.to_broker(publish(2, 9, "a", "C"));
    d1.sends(publish_of(2, 9, "D"));
    g.nothing();
    d1.from_broker(ack(PacketType::pubrec, 9));
    d1.to_broker(ack(PacketType::pubrel, 9));
    d1.from_broker(ack(PacketType::pubcomp, 9));
    g.nothing();
    d1.sends(publish_of(2, 9, "D", true));
    d1.to_broker(dup(publish(2, 9, "a", "D")));
}

// The broker came back without its session: its PUBREC is worth nothing any more.
void qos2_message_the_broker_has_forgotten_goes_up_again_when_repeated(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 9, "C"));
    d1.to_broker(publish(2, 9, "a", "C"));
    d1.from_broker(ack(PacketType::pubrec, 9));
    d1.gets(make_pubrec(9));
    d1.link_drops_and_returns(false, kKeep);
    d1.sends(publish_of(2, 9, "C", true));
    d1.to_broker(dup(publish(2, 9, "a", "C")));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos1_puback_of_the_old_message_is_not_given_for_the_new_one),
        cmocka_unit_test(qos2_received_message_is_released_and_the_new_one_passes_when_repeated),
        cmocka_unit_test(qos2_pubrec_of_the_old_message_is_not_given_for_the_new_one),
        cmocka_unit_test(qos2_message_the_broker_has_forgotten_goes_up_again_when_repeated),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
