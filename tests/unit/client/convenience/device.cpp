// SPDX-License-Identifier: BSD-3-Clause
//
// device.c once more, by the C++ header.
#include <mqttsn/client.hpp>

namespace sn = mqttsn::device;

extern "C" {
extern uint32_t now(void);
extern void radio_send(const void* datagram, size_t octets);
extern size_t radio_receive(void* datagram, size_t capacity, uint32_t wait_ms);
extern size_t read_sensor(char* text);
extern void obey(const void* command, size_t octets);
int device(void);
}

static uint8_t out[256], in[256];
static char reading[16];
static uint16_t waiting;

/// The event is for this device. @return what it ends with, 0 = it goes on
static int handle(sn::Client<4, 256, 8>& client, const sn::Event& event) {
    switch (event.type()) {
        case sn::EventType::connected:
            waiting = client
                          .publish(sn::Topic::predefined(7), sn::Bytes(reading, read_sensor(reading)),
                                   sn::Qos::at_least_once, sn::Retain::yes)
                          .token;
            return 0;
        case sn::EventType::delivered:
            if (event.token() == waiting && event.code() != MQTTSN_ACCEPTED) {
                return 3;
            }
            client.sleep(60);
            return 0;
        case sn::EventType::message:
            obey(event.payload().data(), event.payload().size());
            return 0;
        case sn::EventType::lost:
            client.connect(sn::Session::keep);
            return 0;
        default:
            return 0;
    }
}

int device(void) {
    static sn::Client<4, 256, 8> client("sensor-1");
    client.config().datagram_octets_max = sizeof out;
    client.config().seed = now();
    if (client.start() != sn::Status::ok) {
        return 1;
    }
    client.connect(sn::Session::keep);
    if (!client.subscribe("commands", sn::Qos::at_least_once)) {
        return 2;
    }
    for (;;) {
        size_t octets = 0;
        sn::Event event;
        while ((octets = client.output(now(), out, sizeof out)) > 0) {
            radio_send(out, octets);
        }
        if (client.next_event(event)) {
            if (const int end = handle(client, event)) {
                return end;
            }
            continue;
        }
        octets = radio_receive(in, sizeof in, client.next_timeout(now()));
        if (octets > 0) {
            client.input(now(), sn::Bytes(in, octets));
        } else if (client.state() == sn::State::asleep) {
            client.wake();
        }
    }
}
