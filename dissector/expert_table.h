/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every expert info of the plugin: what is wrong or worth knowing, how much, and which rule says so. Plain C,
 * no includes: the reader (decode.cpp, story.cpp) names the rows, the plugin registers them, the tests count
 * them, and the field reference prints them.
 *
 * X(NAME, name, severity, group, text, rule)
 *
 *   name      filter name behind "mqttsnx.expert."
 *   severity  CHAT, NOTE, WARN or ERROR: ERROR = no receiver can read it; WARN = against the specification,
 * or a message or a session may be lost by it; NOTE = unusual, a normal consequence of loss; CHAT = worth a
 * line group     MALFORMED, PROTOCOL, SEQUENCE, RESPONSE_CODE, ASSUMPTION or UNDECODED (Wireshark's groups)
 *   rule      SN12-nn of the requirement, Dnn where the specification is silent and this project has decided
 */
#ifndef MQTTSNX_EXPERT_TABLE_H
#define MQTTSNX_EXPERT_TABLE_H

/* clang-format off */
#define MQTTSNX_EXPERTS_OF_OCTETS(X)                                                                                                       \
    X(LENGTH_TOO_SMALL,      length_too_small,      ERROR, MALFORMED,     "Length counts fewer octets than Length and MsgType take", "SN12-07") \
    X(LENGTH_NOT_MINIMAL,    length_not_minimal,    NOTE,  PROTOCOL,      "3-octet Length although 1 octet would do",             "SN12-09") \
    X(LENGTH_BEYOND,         length_beyond,         ERROR, MALFORMED,     "Length says more octets than the datagram has",        "SN12-07") \
    X(MESSAGE_CUT_SHORT,     message_cut_short,     ERROR, MALFORMED,     "The message ends before its fixed fields do",          "SN12-11") \
    X(EXTRA_OCTETS,          extra_octets,          WARN,  MALFORMED,     "Octets after the last field of a message of fixed size", "D54")   \
    X(TRAILING_OCTETS,       trailing_octets,       WARN,  MALFORMED,     "Octets after the end of the message",                  "D01")     \
    X(SEVERAL_MESSAGES,      several_messages,      WARN,  PROTOCOL,      "Another message in the same datagram",                 "D01")     \
    X(TYPE_RESERVED,         type_reserved,         WARN,  UNDECODED,     "Reserved message type",                                "SN12-12") \
    X(ENVELOPES_TOO_DEEP,    envelopes_too_deep,    ERROR, MALFORMED,     "Forwarder envelopes nested more than 8 deep",          "SN12-114") \
    X(ENVELOPE_NESTED,       envelope_nested,       NOTE,  PROTOCOL,      "Forwarder envelope inside another",                    "SN12-114") \
    X(ENVELOPE_EMPTY,        envelope_empty,        ERROR, MALFORMED,     "Forwarder envelope without a message",                 "SN12-114") \
    X(ENVELOPE_LONG_LENGTH,  envelope_long_length,  WARN,  PROTOCOL,      "Forwarder envelope with a 3-octet Length",             "SN12-114") \
    X(ENVELOPE_CTRL_BITS,    envelope_ctrl_bits,    NOTE,  PROTOCOL,      "Reserved bits of Ctrl are set",                        "SN12-116") \
    X(NODE_ID_EMPTY,         node_id_empty,         WARN,  PROTOCOL,      "Forwarder envelope without a Wireless Node Id",        "SN12-117") \
    X(FLAGS_UNUSED_SET,      flags_unused_set,      NOTE,  PROTOCOL,      "Flag bits that mean nothing in this message are set",  "SN12-20") \
    X(TOPIC_ID_TYPE_RESERVED, topic_id_type_reserved, ERROR, PROTOCOL,    "Reserved TopicIdType 11",                              "SN12-19") \
    X(QOS_RESERVED,          qos_reserved,          ERROR, PROTOCOL,      "QoS 11 outside of a PUBLISH",                          "SN12-15") \
    X(DUP_WITHOUT_ACK,       dup_without_ack,       WARN,  PROTOCOL,      "DUP in a PUBLISH that nobody repeats (QoS 0 or -1)",   "SN12-14") \
    X(PROTOCOL_ID_UNKNOWN,   protocol_id_unknown,   ERROR, PROTOCOL,      "ProtocolId is not 01",                                 "SN12-24") \
    X(CLIENT_ID_EMPTY,       client_id_empty,       WARN,  PROTOCOL,      "Empty ClientId",                                       "SN12-21") \
    X(CLIENT_ID_LONG,        client_id_long,        NOTE,  PROTOCOL,      "ClientId longer than 23 characters",                   "SN12-21") \
    X(MSG_ID_ZERO,           msg_id_zero,           WARN,  PROTOCOL,      "MsgId 0 where an answer is expected",                  "D28")     \
    X(MSG_ID_UNUSED_SET,     msg_id_unused_set,     NOTE,  PROTOCOL,      "MsgId in a PUBLISH of QoS 0 or -1 is not 0",           "SN12-23") \
    X(TOPIC_ID_RESERVED,     topic_id_reserved,     ERROR, PROTOCOL,      "Topic id 0000 or FFFF",                                "SN12-25") \
    X(TEXT_NOT_UTF8,         text_not_utf8,         WARN,  PROTOCOL,      "Text is not UTF-8",                                    "SN12-26") \
    X(TEXT_HAS_CONTROL,      text_has_control,      WARN,  PROTOCOL,      "NUL or another control character in a text",           "SN12-26") \
    X(TOPIC_EMPTY,           topic_empty,           ERROR, PROTOCOL,      "Empty topic name",                                     "D34")     \
    X(TOPIC_HAS_WILDCARD,    topic_has_wildcard,    ERROR, PROTOCOL,      "Wildcard in a topic name",                             "SN12-37") \
    X(FILTER_BAD,            filter_bad,            ERROR, PROTOCOL,      "Wildcard at a place where no topic filter may have it", "SN12-05") \
    X(SHORT_NAME_LENGTH,     short_name_length,     ERROR, PROTOCOL,      "Short topic name or pre-defined id that is not 2 octets long", "SN12-81") \
    X(RETURN_CODE_REJECTED,  return_code_rejected,  NOTE,  RESPONSE_CODE, "Rejected",                                             "SN12-28") \
    X(RETURN_CODE_RESERVED,  return_code_reserved,  WARN,  RESPONSE_CODE, "Reserved return code",                                 "SN12-28") \
    X(QOS_MINUS_ONE_NAME,    qos_minus_one_name,    NOTE,  PROTOCOL,      "QoS -1 with a whole topic name in its data: an extension", "D47") \
    X(QOS_MINUS_ONE_ID,      qos_minus_one_id,      WARN,  PROTOCOL,      "QoS -1 with a normal topic id",                        "SN12-82") \
    X(GW_ADDRESS_FORM,       gw_address_form,       NOTE,  PROTOCOL,      "GwAdd is in no form that UDP gateways are known to use", "D46")   \
    X(KEEP_ALIVE_ZERO,       keep_alive_zero,       CHAT,  PROTOCOL,      "Keep alive 0: nobody notices when this device is lost", "SN12-102") \
    X(CAPTURE_CUT,           capture_cut,           NOTE,  UNDECODED,     "Packet size limited during capture",                   "-")       \
    X(VERSION_2,             version_2,             NOTE,  UNDECODED,     "MQTT-SN 2.0 (draft): only its header is shown",        "D53")

#define MQTTSNX_EXPERTS_OF_STORY(X)                                                                                                        \
    X(WRONG_DIRECTION,       wrong_direction,       ERROR, PROTOCOL,      "This message never travels in this direction",         "SN12-29 to SN12-52") \
    X(QOS_MINUS_ONE_DOWN,    qos_minus_one_down,    ERROR, PROTOCOL,      "QoS -1 from a gateway",                                "SN12-15") \
    X(DURATION_FROM_GATEWAY, duration_from_gateway, WARN,  PROTOCOL,      "DISCONNECT of a gateway with a Duration",              "SN12-48") \
    X(REGISTER_ID_SET,       register_id_set,       NOTE,  PROTOCOL,      "REGISTER of a device carries a topic id",              "SN12-37") \
    X(REGISTER_ID_RESERVED,  register_id_reserved,  ERROR, PROTOCOL,      "REGISTER of a gateway announces topic id 0000 or FFFF", "SN12-25") \
    X(ACCEPTED_ID_RESERVED,  accepted_id_reserved,  ERROR, PROTOCOL,      "Accepted with topic id 0000 or FFFF",                  "SN12-25") \
    X(SUBACK_ID_NOT_ZERO,    suback_id_not_zero,    WARN,  PROTOCOL,      "SUBACK of a filter with wildcards carries a topic id", "SN12-87") \
    X(QOS_GRANTED_HIGHER,    qos_granted_higher,    WARN,  PROTOCOL,      "Granted QoS is higher than the requested one",         "SN12-83") \
    X(QOS_GRANTED_LOWER,     qos_granted_lower,     NOTE,  PROTOCOL,      "Granted QoS is lower than the requested one",          "SN12-83") \
    X(ACK_TOPIC_DIFFERS,     ack_topic_differs,     WARN,  PROTOCOL,      "Topic id differs from the one that is acknowledged",   "SN12-40") \
    X(ACK_QOS_DIFFERS,       ack_qos_differs,       WARN,  PROTOCOL,      "Acknowledgement of another QoS than the PUBLISH has",  "SN12-39") \
    X(TOPIC_ID_UNKNOWN,      topic_id_unknown,      WARN,  SEQUENCE,      "Topic id that nobody has registered",                  "SN12-70") \
    X(TOPIC_ID_BEFORE,       topic_id_before,       CHAT,  ASSUMPTION,    "Topic id from before the capture: its name is unknown", "SN12-70") \
    X(TOPIC_ID_UNCONFIRMED,  topic_id_unconfirmed,  WARN,  SEQUENCE,      "Topic id is used before its REGACK",                   "SN12-89") \
    X(TOPIC_ID_REASSIGNED,   topic_id_reassigned,   WARN,  SEQUENCE,      "Topic id now stands for another name",                 "SN12-74") \
    X(PREDEFINED_UNKNOWN,    predefined_unknown,    CHAT,  ASSUMPTION,    "Pre-defined id without a name: see the preferences",   "SN12-78") \
    X(RESPONSE_UNEXPECTED,   response_unexpected,   WARN,  SEQUENCE,      "Answer to nothing that was asked",                     "SN12-23") \
    X(RESPONSE_DUPLICATE,    response_duplicate,    NOTE,  SEQUENCE,      "Answered a second time",                               "D30")     \
    X(REQUEST_UNANSWERED,    request_unanswered,    NOTE,  SEQUENCE,      "No answer in this capture",                            "SN12-99") \
    X(GAVE_UP,               gave_up,               WARN,  SEQUENCE,      "A new request, although an earlier one got no answer", "SN12-100") \
    X(RETRANSMISSION,        retransmission,        NOTE,  SEQUENCE,      "Retransmission",                                       "SN12-99") \
    X(RETRANSMISSION_NO_DUP, retransmission_no_dup, WARN,  PROTOCOL,      "Retransmission without DUP",                           "SN12-14") \
    X(DUP_FIRST_SEEN,        dup_first_seen,        NOTE,  SEQUENCE,      "DUP, but the first transmission is not in the capture", "SN12-14") \
    X(MSG_ID_REUSED,         msg_id_reused,         WARN,  SEQUENCE,      "Same MsgId, other content, while the first has no answer", "D29") \
    X(TOO_MANY_OUTSTANDING,  too_many_outstanding,  NOTE,  SEQUENCE,      "More than one exchange of this kind without an answer", "SN12-73, SN12-77, SN12-85") \
    X(QOS2_RELEASED_EARLY,   qos2_released_early,   WARN,  SEQUENCE,      "PUBREL without a PUBREC before it",                    "SN12-41") \
    X(NOT_CONNECTED,         not_connected,         WARN,  SEQUENCE,      "The device is not connected",                          "SN12-60") \
    X(CONNECTED_AGAIN,       connected_again,       CHAT,  SEQUENCE,      "CONNECT of a device that is connected",                "D09")     \
    X(SENT_WHILE_ASLEEP,     sent_while_asleep,     NOTE,  SEQUENCE,      "An asleep device sends without waking up",             "SN12-109, D55") \
    X(SENT_TO_ASLEEP,        sent_to_asleep,        WARN,  SEQUENCE,      "The gateway sends to a device that is asleep",         "SN12-104") \
    X(PING_UNKNOWN_CLIENT,   ping_unknown_client,   WARN,  SEQUENCE,      "PINGREQ of a client id that never connected",          "SN12-105") \
    X(KEEP_ALIVE_EXCEEDED,   keep_alive_exceeded,   WARN,  SEQUENCE,      "Silent for longer than the keep alive and its tolerance", "SN12-102, SN12-112") \
    X(SLEEP_EXCEEDED,        sleep_exceeded,        WARN,  SEQUENCE,      "Asleep for longer than it said, and the tolerance",    "SN12-103, SN12-112") \
    X(WILL_NOT_ASKED,        will_not_asked,        WARN,  SEQUENCE,      "Will without the Will flag or the gateway's request",  "SN12-61") \
    X(CONNACK_BEFORE_WILL,   connack_before_will,   WARN,  SEQUENCE,      "CONNACK before the will was asked for",                "SN12-61") \
    X(SEARCH_UNANSWERED,     search_unanswered,     NOTE,  SEQUENCE,      "SEARCHGW again: nobody has answered",                  "SN12-59") \
    X(ADVERTISE_LATE,        advertise_late,        NOTE,  SEQUENCE,      "ADVERTISE comes later than the one before has said",   "SN12-29") \
    X(GW_ID_CONFLICT,        gw_id_conflict,        WARN,  PROTOCOL,      "Two addresses use the same gateway id",                "SN12-27") \
    X(CONGESTION_IGNORED,    congestion_ignored,    NOTE,  SEQUENCE,      "Sent within 5 minutes of \"rejected: congestion\"",    "SN12-76, SN12-111") \
    X(SESSION_MOVED,         session_moved,         CHAT,  SEQUENCE,      "The device goes on from another address",              "D50")     \
    X(SESSION_LOST,          session_lost,          WARN,  SEQUENCE,      "The gateway ends the session",                         "SN12-98")
/* clang-format on */

#define MQTTSNX_EXPERTS(X) MQTTSNX_EXPERTS_OF_OCTETS(X) MQTTSNX_EXPERTS_OF_STORY(X)

#endif
