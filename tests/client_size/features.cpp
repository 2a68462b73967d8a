// SPDX-License-Identifier: BSD-3-Clause
//
// The library with one choice of its switches, in one unit: a session with every exchange that is left in,
// and what the others get that are left out. features.sh builds and runs it for each of them.
#include "client/src/library.cpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            std::fprintf(stderr, "features.cpp:%d: not true: %s\n", __LINE__, #condition); \
            std::exit(1);                                                                  \
        }                                                                                  \
    } while (false)

struct Device {
    mqttsn_config config{};
    mqttsn_client client{};
    mqttsn_event event{};
    mqttsn_slot queue[2]{};
    mqttsn_inbound inbound[2]{};
    uint8_t topics[64]{};
    uint8_t out[1472]{};
    size_t octets = 0;
    uint8_t in[16]{};
    uint32_t now = 1000;

    Device() {
        mqttsn_config_defaults(&config, "d");
        config.queue = queue;
        config.queue_length = 2;
        config.inbound = inbound;
        config.inbound_length = 2;
        config.topic_memory = topics;
        config.topic_memory_octets = sizeof topics;
        config.seed = 1;
        config.adaptive_retry = MQTTSN_WITH_ADAPTIVE_RETRY != 0;
    }

    /// The next datagram has this type.
    void sends(uint8_t type) {
        octets = mqttsn_output(&client, now, out, sizeof out);
        CHECK(octets >= 2 && out[0] == octets && out[1] == type);
    }
    void quiet() { CHECK(mqttsn_output(&client, now, out, sizeof out) == 0); }
    template <size_t size>
    mqttsn_status receive(const uint8_t (&datagram)[size]) {
        std::memcpy(in, datagram, size);
        return mqttsn_input(&client, now, in, size);
    }
    void reports(mqttsn_event_type type, int code = 0) {
        CHECK(mqttsn_next_event(&client, &event));
        CHECK(event.type == type && event.code == code);
    }
    /// The message id in what was sent, at this place.
    uint8_t high(size_t at) const { return out[at]; }
    uint8_t low(size_t at) const { return out[at + 1]; }

    void connect() {
        CHECK(mqttsn_init(&client, &config) == MQTTSN_OK);
        CHECK(mqttsn_connect(&client, true) == MQTTSN_OK);
        sends(0x04);
#if MQTTSN_WITH_WILL
        if (config.will != nullptr) {
            CHECK(receive({0x02, 0x06}) == MQTTSN_OK);
            sends(0x07);
            CHECK(receive({0x02, 0x08}) == MQTTSN_OK);
            sends(0x09);
        }
#endif
        CHECK(receive({0x03, 0x05, 0x00}) == MQTTSN_OK);
        reports(MQTTSN_EVENT_CONNECTED);
        CHECK(mqttsn_get_state(&client) == MQTTSN_STATE_ACTIVE);
    }
};

void publications(Device& d) {
    uint16_t token = 0;
    CHECK(mqttsn_publish(&d.client, mqttsn_topic_predefined(5), "x", 1, 1, false, &token) == MQTTSN_OK);
    d.sends(0x0C);
    CHECK(d.receive({0x07, 0x0D, 0x00, 0x05, d.high(5), d.low(5), 0x00}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_DELIVERED);
    CHECK(d.event.token == token);

    CHECK(mqttsn_publish(&d.client, mqttsn_topic_name("a/b"), "x", 1, 0, false, &token) == MQTTSN_OK);
    d.sends(0x0A);
    CHECK(d.receive({0x07, 0x0B, 0x00, 0x10, d.high(4), d.low(4), 0x00}) == MQTTSN_OK);
    d.sends(0x0C);
    d.reports(MQTTSN_EVENT_DELIVERED);

    const mqttsn_status minus_one =
        mqttsn_publish(&d.client, mqttsn_topic_short("ab"), "x", 1, -1, false, &token);
#if MQTTSN_WITH_QOS_MINUS_ONE
    CHECK(minus_one == MQTTSN_OK);
    d.sends(0x0C);
    d.reports(MQTTSN_EVENT_DELIVERED);
#else
    CHECK(minus_one == MQTTSN_ERR_ARGUMENT);
    d.quiet();
#endif

    const mqttsn_status qos2 =
        mqttsn_publish(&d.client, mqttsn_topic_predefined(5), "x", 1, 2, false, &token);
#if MQTTSN_WITH_QOS2
    CHECK(qos2 == MQTTSN_OK);
    d.sends(0x0C);
    CHECK(d.receive({0x04, 0x0F, d.high(5), d.low(5)}) == MQTTSN_OK);
    d.sends(0x10);
    CHECK(d.receive({0x04, 0x0E, d.high(2), d.low(2)}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_DELIVERED);
#else
    CHECK(qos2 == MQTTSN_ERR_ARGUMENT);
    d.quiet();
#endif
}

void messages(Device& d) {
#if MQTTSN_WITH_SUBSCRIBE
    uint16_t token = 0;
    CHECK(mqttsn_subscribe(&d.client, mqttsn_topic_name("c/#"), 1, &token) == MQTTSN_OK);
    d.sends(0x12);
    CHECK(d.receive({0x08, 0x13, 0x20, 0x00, 0x00, d.high(3), d.low(3), 0x00}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_SUBSCRIBED);
    CHECK(d.event.token == token && d.event.qos == 1);
    CHECK(d.receive({0x09, 0x0A, 0x00, 0x11, 0x00, 0x07, 'c', '/', 'd'}) == MQTTSN_OK);
    d.sends(0x0B);
    CHECK(d.receive({0x08, 0x0C, 0x20, 0x00, 0x11, 0x00, 0x08, 'y'}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_MESSAGE);
    CHECK(d.event.topic.name_octets == 3 && std::memcmp(d.event.topic.name, "c/d", 3) == 0);
    d.sends(0x0D);
    CHECK(d.receive({0x08, 0x0C, 0x40, 0x00, 0x11, 0x00, 0x09, 'z'}) == MQTTSN_OK);
#if MQTTSN_WITH_QOS2
    d.reports(MQTTSN_EVENT_MESSAGE);
    d.sends(0x0F);
    CHECK(d.receive({0x04, 0x10, 0x00, 0x09}) == MQTTSN_OK);
    d.sends(0x0E);
#else
    d.sends(0x0D);
    CHECK(d.out[6] == MQTTSN_REJECTED_NOT_SUPPORTED);
#endif
    CHECK(mqttsn_unsubscribe(&d.client, mqttsn_topic_name("c/#"), &token) == MQTTSN_OK);
    d.sends(0x14);
    CHECK(d.receive({0x04, 0x15, d.high(3), d.low(3)}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_UNSUBSCRIBED);
#else
    d.receive({0x08, 0x0C, 0x21, 0x00, 0x11, 0x00, 0x08, 'y'});
    d.octets = mqttsn_output(&d.client, d.now, d.out, sizeof d.out);
    CHECK(d.octets == 0 || d.out[1] == 0x0D);
    CHECK(d.octets == 0 || d.out[6] != MQTTSN_ACCEPTED);
#endif
    CHECK(!mqttsn_next_event(&d.client, &d.event));
    CHECK(mqttsn_get_state(&d.client) == MQTTSN_STATE_ACTIVE);
}

#if MQTTSN_WITH_WILL
void change_of_the_will(Device& d) {
    static const mqttsn_will will = {"w/t", "gone", 4, 1, false};
    uint16_t token = 0;
    CHECK(mqttsn_will_update(&d.client, &will, &token) == MQTTSN_OK);
    d.sends(0x1A);
    CHECK(d.receive({0x03, 0x1B, 0x00}) == MQTTSN_OK);
    d.sends(0x1C);
    CHECK(d.receive({0x03, 0x1D, 0x00}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_WILL_UPDATED);
    CHECK(d.event.token == token);
}
#endif

/// Something is queued, the memory is lost, and the next life sends it.
void another_life(Device& d) {
    uint16_t token = 0;
    CHECK(mqttsn_publish(&d.client, mqttsn_topic_predefined(5), "kept", 4, 1, false, &token) == MQTTSN_OK);
    static uint8_t blob[MQTTSN_SAVE_OCTETS(2, 16, 64, 2, 0)];
    const size_t size = mqttsn_save(&d.client, blob, sizeof blob);
    CHECK(size > 0 && size == mqttsn_save(&d.client, nullptr, 0));
    Device next;
    CHECK(mqttsn_restore(&next.client, &next.config, 5, blob, size) == MQTTSN_OK);
    next.now = 5;
    next.sends(0x0C);
    CHECK(std::memcmp(next.out + next.octets - 4, "kept", 4) == 0);
    CHECK(next.receive({0x07, 0x0D, 0x00, 0x05, next.high(5), next.low(5), 0x00}) == MQTTSN_OK);
    next.reports(MQTTSN_EVENT_DELIVERED);
    CHECK(next.event.token == token);
    blob[size / 2] ^= 1U;
    CHECK(mqttsn_restore(&next.client, &next.config, 5, blob, size) == MQTTSN_ERR_BLOB);
    CHECK(mqttsn_get_state(&next.client) == MQTTSN_STATE_DISCONNECTED);

    d.sends(0x0C);
    CHECK(d.receive({0x07, 0x0D, 0x00, 0x05, d.high(5), d.low(5), 0x00}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_DELIVERED);
}

#if MQTTSN_WITH_SLEEP
void sleep_and_wake(Device& d) {
    CHECK(mqttsn_sleep(&d.client, 60) == MQTTSN_OK);
    d.sends(0x18);
    CHECK(d.octets == 4 && d.out[3] == 60);
    CHECK(d.receive({0x02, 0x18}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_ASLEEP);
    CHECK(mqttsn_wake(&d.client) == MQTTSN_OK);
    d.sends(0x16);
    CHECK(d.octets == 3 && d.out[2] == 'd');
    CHECK(d.receive({0x02, 0x17}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_AWAKE_DONE);
    CHECK(mqttsn_get_state(&d.client) == MQTTSN_STATE_ASLEEP);
}
#endif

#if MQTTSN_WITH_DISCOVERY
void discovery() {
    Device d;
    mqttsn_gateway gateways[2] = {};
    d.config.gateways = gateways;
    d.config.gateways_length = 2;
    CHECK(mqttsn_init(&d.client, &d.config) == MQTTSN_OK);
    CHECK(mqttsn_connect(&d.client, true) == MQTTSN_OK);
    mqttsn_address to{};
    for (int waits = 0; (d.octets = mqttsn_output_to(&d.client, d.now, &to, d.out, sizeof d.out)) == 0;
         ++waits) {
        CHECK(waits < 10 && mqttsn_next_timeout(&d.client, d.now) <= 5000);
        d.now += mqttsn_next_timeout(&d.client, d.now);
    }
    CHECK(d.out[1] == 0x01 && to.octets == 0);
    mqttsn_address gateway{};
    gateway.octets = 1;
    gateway.data[0] = 9;
    const uint8_t gwinfo[] = {0x03, 0x02, 0x07};
    CHECK(mqttsn_input_from(&d.client, d.now, &gateway, gwinfo, sizeof gwinfo) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_GATEWAY, 7);
    d.octets = mqttsn_output_to(&d.client, d.now, &to, d.out, sizeof d.out);
    CHECK(d.octets > 0 && d.out[1] == 0x04 && to.octets == 1 && to.data[0] == 9);
    const uint8_t connack[] = {0x03, 0x05, 0x00};
    mqttsn_address other = gateway;
    other.data[0] = 8;
    CHECK(mqttsn_input_from(&d.client, d.now, &other, connack, sizeof connack) == MQTTSN_ERR_SENDER);
    CHECK(mqttsn_input_from(&d.client, d.now, &gateway, connack, sizeof connack) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_CONNECTED);
}
#endif

}  // namespace

int main() {
    Device d;
    d.connect();
    publications(d);
    messages(d);
#if MQTTSN_WITH_WILL
    static const mqttsn_will will = {"w", "off", 3, 0, false};
    change_of_the_will(d);
    d.config.will = &will;
    d.connect();
#endif
    another_life(d);
#if MQTTSN_WITH_SLEEP
    sleep_and_wake(d);
#endif
#if MQTTSN_WITH_DISCOVERY
    discovery();
#endif
    CHECK(mqttsn_disconnect(&d.client) == MQTTSN_OK);
    d.sends(0x18);
    CHECK(d.octets == 2 && d.receive({0x02, 0x18}) == MQTTSN_OK);
    d.reports(MQTTSN_EVENT_CLOSED);
    CHECK(mqttsn_get_state(&d.client) == MQTTSN_STATE_DISCONNECTED);
    CHECK(mqttsn_next_timeout(&d.client, d.now) == UINT32_MAX);
    return 0;
}
