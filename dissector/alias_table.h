/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The filter names of Wireshark's own MQTT-SN dissector, for filters, colour rules and scripts that were
 * written for it. The types are the same as there, or Wireshark would refuse the names.
 *
 * X(NAME, abbrev, title, type, display, mask)    abbrev is behind "mqttsn."
 */
#ifndef MQTTSNX_ALIAS_TABLE_H
#define MQTTSNX_ALIAS_TABLE_H

/* clang-format off */
#define MQTTSNX_ALIASES(X)                                                                        \
    X(MSG,              "msg",                   "Message",            FT_NONE,    BASE_NONE, 0)    \
    X(MSG_LEN,          "msg.len",               "Message Length",     FT_UINT16,  BASE_DEC,  0)    \
    X(MSG_TYPE,         "msg.type",              "Message Type",       FT_UINT8,   BASE_HEX,  0)    \
    X(DUP,              "dup",                   "DUP",                FT_BOOLEAN, 8,         0x80) \
    X(QOS,              "qos",                   "QoS",                FT_UINT8,   BASE_HEX,  0x60) \
    X(RETAIN,           "retain",                "Retain",             FT_BOOLEAN, 8,         0x10) \
    X(WILL,             "will",                  "Will",               FT_BOOLEAN, 8,         0x08) \
    X(CLEAN_SESSION,    "clean.session",         "Clean Session",      FT_BOOLEAN, 8,         0x04) \
    X(TOPIC_ID_TYPE,    "topic.id.type",         "Topic ID Type",      FT_UINT8,   BASE_HEX,  0x03) \
    X(RETURN_CODE,      "return.code",           "Return Code",        FT_UINT8,   BASE_HEX,  0)    \
    X(GW_ID,            "gw.id",                 "Gateway ID",         FT_UINT8,   BASE_DEC,  0)    \
    X(GW_ADDR,          "gw.addr",               "Gateway Address",    FT_STRING,  BASE_NONE, 0)    \
    X(ADV_INTERV,       "adv.interv",            "Advertise Interval", FT_UINT16,  BASE_DEC,  0)    \
    X(RADIUS,           "radius",                "Broadcast Radius",   FT_UINT8,   BASE_DEC,  0)    \
    X(PROTOCOL_ID,      "protocol.id",           "Protocol ID",        FT_UINT8,   BASE_HEX,  0)    \
    X(TOPIC_ID,         "topic.id",              "Topic ID",           FT_UINT16,  BASE_DEC,  0)    \
    X(MSG_ID,           "msg.id",                "Message ID",         FT_UINT16,  BASE_DEC,  0)    \
    X(TOPIC,            "topic",                 "Topic Name",         FT_STRING,  BASE_NONE, 0)    \
    X(TOPIC_NAME_OR_ID, "topic.name.or.id",      "Topic Name/ID",      FT_STRING,  BASE_NONE, 0)    \
    X(SLEEP_TIMER,      "sleep.timer",           "Sleep Timer",        FT_UINT16,  BASE_DEC,  0)    \
    X(WILL_TOPIC,       "will.topic",            "Will Topic",         FT_STRING,  BASE_NONE, 0)    \
    X(WILL_MSG,         "will.msg",              "Will Message",       FT_STRING,  BASE_NONE, 0)    \
    X(PUB_MSG,          "pub.msg",               "Message",            FT_STRING,  BASE_NONE, 0)    \
    X(CLIENT_ID,        "client.id",             "Client ID",          FT_STRING,  BASE_NONE, 0)    \
    X(KEEP_ALIVE,       "keep.alive",            "Keep Alive",         FT_UINT16,  BASE_DEC,  0)    \
    X(CONTROL_INFO,     "control.info",          "Control",            FT_UINT8,   BASE_HEX,  0x03) \
    X(WIRELESS_NODE_ID, "wireless.node.id",      "Wireless Node ID",   FT_UINT16,  BASE_DEC,  0)
/* clang-format on */

#endif
