/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A transport for mqttsn.h on Arduino's UDP class: WiFiUDP, EthernetUDP and their like. It takes no memory
 * and keeps no static state. For config.seed take what differs from one start to the next: the noise of an
 * open analogue pin, esp_random(), a counter in EEPROM.
 */
#ifndef MQTTSN_ARDUINO_H
#define MQTTSN_ARDUINO_H

#include <Arduino.h>
#include <IPAddress.h>
#include <Udp.h>

#include "mqttsn.h"

struct mqttsn_arduino {
    UDP* udp;
    IPAddress gateway;
    uint16_t port;
    uint8_t* buffer; /* the caller's, for both directions */
    size_t buffer_octets;
};

/* Opens `udp`, which is borrowed until close, on `local_port`.
 * @param buffer  borrowed until close; at least config.datagram_octets_max. A longer datagram is dropped
 * MQTTSN_ERR_NETWORK: the port cannot be opened. MQTTSN_ERR_ARGUMENT: no buffer. */
mqttsn_status mqttsn_arduino_open(mqttsn_arduino& link, UDP& udp, IPAddress gateway, uint16_t port,
                                  uint16_t local_port, uint8_t* buffer, size_t buffer_octets);
void mqttsn_arduino_close(mqttsn_arduino& link);

/* Sends all that mqttsn_output() has. What cannot be sent counts as lost: the library repeats it. */
void mqttsn_arduino_send(mqttsn_arduino& link, mqttsn_client& client);

/* Gives one datagram to mqttsn_input(), if there is one; does not block.
 * @return what mqttsn_input() returned; MQTTSN_OK when there was none; MQTTSN_ERR_SENDER: not from the
 * gateway, dropped; MQTTSN_ERR_MALFORMED: longer than the buffer, dropped */
mqttsn_status mqttsn_arduino_receive(mqttsn_arduino& link, mqttsn_client& client);

/* Runs the loop until there is an event, at most timeout_ms; 0 = one round, for use in loop(). A MESSAGE
 * points into the buffer: it is valid until the next call with this `link`.
 * @return whether there is an event */
bool mqttsn_arduino_run(mqttsn_arduino& link, mqttsn_client& client, uint32_t timeout_ms,
                        mqttsn_event& event);

#endif
