// SPDX-License-Identifier: BSD-3-Clause
//
// The transport of mqttsn_arduino.h.
#include "mqttsn_arduino.h"

mqttsn_status mqttsn_arduino_open(mqttsn_arduino& link, UDP& udp, IPAddress gateway, uint16_t port,
                                  uint16_t local_port, uint8_t* buffer, size_t buffer_octets) {
    if (buffer == nullptr) {
        return MQTTSN_ERR_ARGUMENT;
    }
    link.udp = &udp;
    link.gateway = gateway;
    link.port = port;
    link.buffer = buffer;
    link.buffer_octets = buffer_octets;
    return udp.begin(local_port) == 1 ? MQTTSN_OK : MQTTSN_ERR_NETWORK;
}

void mqttsn_arduino_close(mqttsn_arduino& link) {
    link.udp->stop();
}

void mqttsn_arduino_send(mqttsn_arduino& link, mqttsn_client& client) {
    for (;;) {
        const size_t octets = mqttsn_output(&client, millis(), link.buffer, link.buffer_octets);
        if (octets == 0) {
            return;
        }
        if (link.udp->beginPacket(link.gateway, link.port) == 1) {
            link.udp->write(link.buffer, octets);
            link.udp->endPacket();
        }
    }
}

mqttsn_status mqttsn_arduino_receive(mqttsn_arduino& link, mqttsn_client& client) {
    const int waiting = link.udp->parsePacket();
    if (waiting <= 0) {
        return MQTTSN_OK;
    }
    // What is left unread of a datagram goes when the next one is parsed.
    if (!(link.udp->remoteIP() == link.gateway) || link.udp->remotePort() != link.port) {
        return MQTTSN_ERR_SENDER;
    }
    if (static_cast<size_t>(waiting) > link.buffer_octets) {
        return MQTTSN_ERR_MALFORMED;
    }
    const int octets = link.udp->read(link.buffer, link.buffer_octets);
    return octets > 0 ? mqttsn_input(&client, millis(), link.buffer, static_cast<size_t>(octets)) : MQTTSN_OK;
}

bool mqttsn_arduino_run(mqttsn_arduino& link, mqttsn_client& client, uint32_t timeout_ms,
                        mqttsn_event& event) {
    const uint32_t start = millis();
    for (;;) {
        if (mqttsn_next_event(&client, &event)) {
            return true;
        }
        mqttsn_arduino_send(link, client);
        if (mqttsn_next_event(&client, &event)) {
            return true;
        }
        mqttsn_arduino_receive(link, client);
        if (mqttsn_next_event(&client, &event)) {
            return true;
        }
        // An acknowledgement leaves in this round even when there is no time for another.
        mqttsn_arduino_send(link, client);
        if (millis() - start >= timeout_ms) {
            return mqttsn_next_event(&client, &event);
        }
        delay(1);  // UDP here has nothing to wait on; the radio and the watchdog get their turn
    }
}
