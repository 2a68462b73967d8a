/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every field of the plugin: the names that display filters use. They are a promise: they stay as they are.
 *
 * X(NAME, abbrev, title, type, display, strings, mask, blurb)   abbrev is behind "mqttsnx."
 *
 * Fields that stand in brackets in the packet details are computed (from other packets or preferences).
 */
#ifndef MQTTSNX_FIELD_TABLE_H
#define MQTTSNX_FIELD_TABLE_H

/* clang-format off */
#define MQTTSNX_FIELDS(X)                                                                                                                                   \
    /* the message */                                                                                                                                       \
    X(LENGTH,           "length",            "Length",               FT_UINT16,  BASE_DEC,  NULL,                     0,    "Octets of the message, Length included") \
    X(TYPE,             "type",              "Message Type",         FT_UINT8,   BASE_HEX,  VALS(kTypeStrings),       0,    NULL) \
    X(FLAGS,            "flags",             "Flags",                FT_UINT8,   BASE_HEX,  NULL,                     0,    NULL) \
    X(FLAGS_UNUSED,     "flags.unused",      "Unused",               FT_UINT8,   BASE_HEX,  NULL,                     0,    "Flag bits that mean nothing in this message but are set") \
    X(DUP,              "dup",               "DUP",                  FT_BOOLEAN, 8,         TFS(&tfs_set_notset),     0x80, "Retransmission") \
    X(QOS,              "qos",               "QoS",                  FT_UINT8,   BASE_DEC,  VALS(kQosStrings),        0x60, "Quality of service: 3 is QoS -1") \
    X(RETAIN,           "retain",            "Retain",               FT_BOOLEAN, 8,         TFS(&tfs_set_notset),     0x10, NULL) \
    X(WILL,             "will",              "Will",                 FT_BOOLEAN, 8,         TFS(&tfs_set_notset),     0x08, "The gateway is to ask for will topic and message") \
    X(CLEAN_SESSION,    "clean_session",     "CleanSession",         FT_BOOLEAN, 8,         TFS(&tfs_set_notset),     0x04, NULL) \
    X(TOPIC_ID_TYPE,    "topic_id_type",     "TopicIdType",          FT_UINT8,   BASE_DEC,  VALS(kTopicIdTypeStrings), 0x03, NULL) \
    X(GW_ID,            "gw_id",             "Gateway Id",           FT_UINT8,   BASE_DEC,  NULL,                     0,    NULL) \
    X(GW_ADDRESS,       "gw_address",        "Gateway Address",      FT_BYTES,   BASE_NONE, NULL,                     0,    NULL) \
    X(GW_IPV4,          "gw_address.ipv4",   "Gateway IPv4 Address", FT_IPv4,    BASE_NONE, NULL,                     0,    NULL) \
    X(GW_IPV6,          "gw_address.ipv6",   "Gateway IPv6 Address", FT_IPv6,    BASE_NONE, NULL,                     0,    NULL) \
    X(GW_PORT,          "gw_address.port",   "Gateway Port",         FT_UINT16,  BASE_DEC,  NULL,                     0,    NULL) \
    X(RADIUS,           "radius",            "Radius",               FT_UINT8,   BASE_DEC,  NULL,                     0,    "Broadcast radius, 0: the whole network") \
    X(PROTOCOL_ID,      "protocol_id",       "ProtocolId",           FT_UINT8,   BASE_HEX,  NULL,                     0,    NULL) \
    X(RETURN_CODE,      "return_code",       "Return Code",          FT_UINT8,   BASE_DEC,  VALS(kReturnCodeStrings), 0,   NULL) \
    X(INTERVAL,         "advertise_interval", "Next Advertisement",  FT_UINT16,  BASE_DEC|BASE_UNIT_STRING, &units_seconds, 0, "Until the gateway advertises again") \
    X(KEEP_ALIVE,       "keep_alive",        "Keep Alive",           FT_UINT16,  BASE_DEC|BASE_UNIT_STRING, &units_seconds, 0, NULL) \
    X(SLEEP,            "sleep_duration",    "Sleep Duration",       FT_UINT16,  BASE_DEC|BASE_UNIT_STRING, &units_seconds, 0, NULL) \
    X(TOPIC_ID,         "topic_id",          "Topic Id",             FT_UINT16,  BASE_DEC_HEX, NULL,                  0,    "Normal or pre-defined topic id") \
    X(SHORT_NAME,       "short_name",        "Short Topic Name",     FT_STRING,  BASE_NONE, NULL,                     0,    NULL) \
    X(NAME_LENGTH,      "name_length",       "Topic Name Length",    FT_UINT16,  BASE_DEC,  NULL,                     0,    "QoS -1 with a whole topic name (an extension): octets of the name") \
    X(MSG_ID,           "msg_id",            "Message Id",           FT_UINT16,  BASE_DEC,  NULL,                     0,    NULL) \
    X(CLIENT_ID,        "client_id",         "Client Id",            FT_STRING,  BASE_NONE, NULL,                     0,    "As it stands in CONNECT or PINGREQ") \
    X(TOPIC,            "topic",             "Topic",                FT_STRING,  BASE_NONE, NULL,                     0,    "Topic name: as it stands in the message, or what its topic id stands for") \
    X(FILTER,           "topic_filter",      "Topic Filter",         FT_STRING,  BASE_NONE, NULL,                     0,    "Of SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK") \
    X(WILL_TOPIC,       "will_topic",        "Will Topic",           FT_STRING,  BASE_NONE, NULL,                     0,    NULL) \
    X(WILL_MESSAGE,     "will_message",      "Will Message",         FT_BYTES,   BASE_SHOW_ASCII_PRINTABLE, NULL,     0,    NULL) \
    X(PAYLOAD,          "payload",           "Payload",              FT_BYTES,   BASE_SHOW_ASCII_PRINTABLE, NULL,     0,    NULL) \
    X(PAYLOAD_LENGTH,   "payload_length",    "Payload Length",       FT_UINT32,  BASE_DEC,  NULL,                     0,    NULL) \
    X(UNREAD,           "unread",            "Octets Without Meaning", FT_BYTES, BASE_SHOW_ASCII_PRINTABLE, NULL,     0,    "Octets inside the message that belong to no field") \
    X(TRAILING,         "trailing",          "Trailing Octets",      FT_BYTES,   BASE_SHOW_ASCII_PRINTABLE, NULL,     0,    "Octets of the datagram after the message") \
    /* the forwarder's envelope */                                                                                                                          \
    X(ENVELOPE,         "envelope",          "Forwarder Envelope",   FT_NONE,    BASE_NONE, NULL,                     0,    NULL) \
    X(ENVELOPE_LENGTH,  "envelope.length",   "Length",               FT_UINT16,  BASE_DEC,  NULL,                     0,    "Octets of the envelope without the message inside") \
    X(ENVELOPE_TYPE,    "envelope.type",     "Message Type",         FT_UINT8,   BASE_HEX,  VALS(kTypeStrings),       0,    NULL) \
    X(ENVELOPE_CTRL,    "envelope.ctrl",     "Ctrl",                 FT_UINT8,   BASE_HEX,  NULL,                     0,    NULL) \
    X(ENVELOPE_RADIUS,  "envelope.radius",   "Radius",               FT_UINT8,   BASE_DEC,  NULL,                     0x03, "Broadcast radius, from the gateway to the forwarder") \
    X(ENVELOPE_RESERVED, "envelope.reserved", "Reserved",            FT_UINT8,   BASE_HEX,  NULL,                     0xFC, NULL) \
    X(NODE_ID,          "envelope.node_id",  "Wireless Node Id",     FT_BYTES,   BASE_NONE, NULL,                     0,    NULL) \
    /* computed */                                                                                                                                          \
    X(VERSION,          "version",           "Version",              FT_STRING,  BASE_NONE, NULL,                     0,    "2.0 where a conversation speaks that draft; 1.2 is not shown") \
    X(DIRECTION,        "direction",         "Direction",            FT_UINT8,   BASE_DEC,  VALS(direction_strings),  0,    NULL) \
    X(CLIENT,           "client",            "Client",               FT_STRING,  BASE_NONE, NULL,                     0,    "Client id of the device that this packet comes from or goes to") \
    X(STREAM,           "stream",            "Stream",               FT_UINT32,  BASE_DEC,  NULL,                     0,    "Number of the device in this capture, from 0: what Follow goes by") \
    X(CONNECT_IN,       "connect_in",        "Session began in",     FT_FRAMENUM, BASE_NONE, NULL,                    0,    NULL) \
    X(STATE,            "state",             "Session State",        FT_UINT8,   BASE_DEC,  VALS(state_strings),      0,    "Of the device, after this message") \
    X(STATE_BEFORE,     "state_before",      "Session State before", FT_UINT8,   BASE_DEC,  VALS(state_strings),      0,    "Only where this message changes it, or shows that it has changed by silence") \
    X(TOPIC_IN,         "topic_in",          "Topic learned in",     FT_FRAMENUM, BASE_NONE, NULL,                    0,    "Where the topic id got its name") \
    X(TOPIC_SOURCE,     "topic_source",      "Topic from",           FT_UINT8,   BASE_DEC,  VALS(kTopicSourceStrings), 0,  NULL) \
    X(RESPONSE_IN,      "response_in",       "Answer in",            FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0, NULL) \
    X(RESPONSE_TO,      "response_to",       "Answer to",            FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0, NULL) \
    X(TIME,             "time",              "Response Time",        FT_RELATIVE_TIME, BASE_NONE, NULL,               0,    "Since the last transmission of the request") \
    X(EXCHANGE_TIME,    "exchange_time",     "Exchange Time",        FT_RELATIVE_TIME, BASE_NONE, NULL,               0,    "Since the first transmission of the first message of the exchange") \
    X(UNANSWERED,       "unanswered",        "Unanswered",           FT_BOOLEAN, BASE_NONE, NULL,                     0,    "No answer to this request in the capture") \
    X(RETRANSMISSION,   "retransmission",    "Retransmission",       FT_BOOLEAN, BASE_NONE, NULL,                     0,    NULL) \
    X(RETRANSMISSION_OF, "retransmission_of", "Retransmission of",   FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RETRANS_PREV), 0, NULL) \
    X(RETRANSMISSION_NUMBER, "retransmission_number", "Retransmission Number", FT_UINT32, BASE_DEC, NULL,             0,    NULL) \
    X(DUPLICATE_OF,     "duplicate_of",      "Same Answer in",       FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_DUP_ACK), 0, "The first answer to the same request") \
    X(PUBLISH_IN,       "publish_in",        "PUBLISH in",           FT_FRAMENUM, BASE_NONE, NULL,                    0,    "Of the same exchange") \
    X(PUBACK_IN,        "puback_in",         "PUBACK in",            FT_FRAMENUM, BASE_NONE, NULL,                    0,    "Of the same exchange") \
    X(PUBREC_IN,        "pubrec_in",         "PUBREC in",            FT_FRAMENUM, BASE_NONE, NULL,                    0,    "Of the same exchange") \
    X(PUBREL_IN,        "pubrel_in",         "PUBREL in",            FT_FRAMENUM, BASE_NONE, NULL,                    0,    "Of the same exchange") \
    X(PUBCOMP_IN,       "pubcomp_in",        "PUBCOMP in",           FT_FRAMENUM, BASE_NONE, NULL,                    0,    "Of the same exchange") \
    X(DELIVERED,        "delivered",         "Messages of this wake-up", FT_UINT32, BASE_DEC, NULL,                   0,    "PUBLISHes to the device since its PINGREQ") \
    X(SILENCE,          "silence",           "Since the device's last message", FT_RELATIVE_TIME, BASE_NONE, NULL,   0,    NULL) \
    X(RELATED_IN,       "related_in",        "See also",             FT_FRAMENUM, BASE_NONE, NULL,                    0,    "The other message that an expert info of this one speaks of") \
    /* MQTT-SN 2.0 */                                                                                                                                       \
    X(V2_TYPE,          "v2.type",           "Message Type (2.0 draft)", FT_UINT8, BASE_HEX, VALS(v2_type_strings),   0,    NULL) \
    X(V2_BODY,          "v2.body",           "Body (2.0 draft, not decoded)", FT_BYTES, BASE_SHOW_ASCII_PRINTABLE, NULL, 0, NULL)
/* clang-format on */

#endif
