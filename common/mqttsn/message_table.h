/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The one table of MQTT-SN 1.2: every message, its code, its sizes, who may send it and how its octets are
 * laid out. Plain C, no includes: the codec, the tests and the Wireshark plugin all read these rows.
 *
 * X(NAME, name, code, octets_min, octets_max, from, layout, section)
 *
 *   octets_min, octets_max  total size with the 1-octet Length form (SN12-11); max 0 = up to the datagram
 *   from                    MQTTSN_FROM_DEVICE, MQTTSN_FROM_GATEWAY or both (SN12-29 to SN12-52)
 *   layout                  the fields after Length and MsgType, one letter each, in order:
 *       g GwId (1)      a Radius (1)      f Flags (1)      p ProtocolId (1)   r ReturnCode (1)
 *       d Duration (2)  t TopicId (2)     m MsgId (2)      v octets to the end of the message
 *       s topic of SUBSCRIBE/UNSUBSCRIBE: a name to the end, or a 2-octet id / short name (by TopicIdType)
 *       ? what follows may be missing as a whole (the 2-octet forms of SN12-35, SN12-48, SN12-49)
 *   section                 of the specification
 *
 * octets_min is the structural minimum: an empty ClientId or TopicName still decodes, because it is answered
 * with a return code instead of being dropped (D05, D34).
 */
#ifndef MQTTSN_MESSAGE_TABLE_H
#define MQTTSN_MESSAGE_TABLE_H

#define MQTTSN_FROM_DEVICE 1
#define MQTTSN_FROM_GATEWAY 2
#define MQTTSN_FROM_BOTH 3

/* clang-format off */
#define MQTTSN_MESSAGES(X)                                                                      \
    X(ADVERTISE,     advertise,       0x00, 5, 5,   MQTTSN_FROM_GATEWAY, "gd",    "5.4.1")      \
    X(SEARCHGW,      search_gateway,  0x01, 3, 3,   MQTTSN_FROM_DEVICE,  "a",     "5.4.2")      \
    X(GWINFO,        gateway_info,    0x02, 3, 0,   MQTTSN_FROM_BOTH,    "gv",    "5.4.3")      \
    X(CONNECT,       connect,         0x04, 6, 0,   MQTTSN_FROM_DEVICE,  "fpdv",  "5.4.4")      \
    X(CONNACK,       connack,         0x05, 3, 3,   MQTTSN_FROM_GATEWAY, "r",     "5.4.5")      \
    X(WILLTOPICREQ,  will_topic_req,  0x06, 2, 2,   MQTTSN_FROM_GATEWAY, "",      "5.4.6")      \
    X(WILLTOPIC,     will_topic,      0x07, 2, 0,   MQTTSN_FROM_DEVICE,  "?fv",   "5.4.7")      \
    X(WILLMSGREQ,    will_msg_req,    0x08, 2, 2,   MQTTSN_FROM_GATEWAY, "",      "5.4.8")      \
    X(WILLMSG,       will_msg,        0x09, 2, 0,   MQTTSN_FROM_DEVICE,  "v",     "5.4.9")      \
    X(REGISTER,      register_topic,  0x0A, 6, 0,   MQTTSN_FROM_BOTH,    "tmv",   "5.4.10")     \
    X(REGACK,        regack,          0x0B, 7, 7,   MQTTSN_FROM_BOTH,    "tmr",   "5.4.11")     \
    X(PUBLISH,       publish,         0x0C, 7, 0,   MQTTSN_FROM_BOTH,    "ftmv",  "5.4.12")     \
    X(PUBACK,        puback,          0x0D, 7, 7,   MQTTSN_FROM_BOTH,    "tmr",   "5.4.13")     \
    X(PUBCOMP,       pubcomp,         0x0E, 4, 4,   MQTTSN_FROM_BOTH,    "m",     "5.4.14")     \
    X(PUBREC,        pubrec,          0x0F, 4, 4,   MQTTSN_FROM_BOTH,    "m",     "5.4.14")     \
    X(PUBREL,        pubrel,          0x10, 4, 4,   MQTTSN_FROM_BOTH,    "m",     "5.4.14")     \
    X(SUBSCRIBE,     subscribe,       0x12, 5, 0,   MQTTSN_FROM_DEVICE,  "fms",   "5.4.15")     \
    X(SUBACK,        suback,          0x13, 8, 8,   MQTTSN_FROM_GATEWAY, "ftmr",  "5.4.16")     \
    X(UNSUBSCRIBE,   unsubscribe,     0x14, 5, 0,   MQTTSN_FROM_DEVICE,  "fms",   "5.4.17")     \
    X(UNSUBACK,      unsuback,        0x15, 4, 4,   MQTTSN_FROM_GATEWAY, "m",     "5.4.18")     \
    X(PINGREQ,       pingreq,         0x16, 2, 0,   MQTTSN_FROM_BOTH,    "v",     "5.4.19")     \
    X(PINGRESP,      pingresp,        0x17, 2, 2,   MQTTSN_FROM_BOTH,    "",      "5.4.20")     \
    X(DISCONNECT,    disconnect,      0x18, 2, 4,   MQTTSN_FROM_BOTH,    "?d",    "5.4.21")     \
    X(WILLTOPICUPD,  will_topic_upd,  0x1A, 2, 0,   MQTTSN_FROM_DEVICE,  "?fv",   "5.4.22")     \
    X(WILLTOPICRESP, will_topic_resp, 0x1B, 3, 3,   MQTTSN_FROM_GATEWAY, "r",     "5.4.24")     \
    X(WILLMSGUPD,    will_msg_upd,    0x1C, 2, 0,   MQTTSN_FROM_DEVICE,  "v",     "5.4.23")     \
    X(WILLMSGRESP,   will_msg_resp,   0x1D, 3, 3,   MQTTSN_FROM_GATEWAY, "r",     "5.4.25")

/* The forwarder envelope (SN12-114, SN12-115): its Length counts only itself, a whole message follows. */
#define MQTTSN_ENVELOPE_CODE 0xFE
#define MQTTSN_ENVELOPE_SECTION "5.5"

/* X(NAME, name, code, text): SN12-28 */
#define MQTTSN_RETURN_CODES(X)                                                                  \
    X(ACCEPTED,         accepted,         0x00, "accepted")                                     \
    X(CONGESTION,       congestion,       0x01, "rejected: congestion")                         \
    X(INVALID_TOPIC_ID, invalid_topic_id, 0x02, "rejected: invalid topic ID")                   \
    X(NOT_SUPPORTED,    not_supported,    0x03, "rejected: not supported")
/* clang-format on */

/* The Flags octet: SN12-13 to SN12-20. TopicIdType takes the two lowest bits. */
#define MQTTSN_FLAG_DUP 0x80
#define MQTTSN_FLAG_QOS 0x60
#define MQTTSN_FLAG_RETAIN 0x10
#define MQTTSN_FLAG_WILL 0x08
#define MQTTSN_FLAG_CLEAN_SESSION 0x04
#define MQTTSN_FLAG_TOPIC_ID_TYPE 0x03

#endif
