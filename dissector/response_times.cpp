// SPDX-License-Identifier: GPL-2.0-or-later
//
// Statistics > Service Response Time > MQTT-SN (tshark -z mqttsnx,srt): how long the one who asked had to
// wait, from the first transmission of the first message to the message that ends the exchange. Who answers
// makes the difference: a gateway that asks its broker, or a device that sleeps.
#include "dissector/plugin.hpp"

#include <epan/srt_table.h>

namespace mqttsnx {
namespace {

enum Procedure : int {
    kSearch,
    kConnect,
    kRegisterUp,
    kRegisterDown,
    kPublish1Up,
    kPublish1Down,
    kPublish2Up,
    kPublish2Down,
    kSubscribe,
    kUnsubscribe,
    kPingUp,
    kPingDown,
    kWakeUp,
    kDisconnect,
    kWillTopic,
    kWillMessage,
    kProcedures,
    kNone = kProcedures
};

/// Up: from the device. tshark has room for 22 characters.
constexpr const char* kNames[kProcedures] = {
    "SEARCHGW",           "CONNECT",          "REGISTER up",          "REGISTER down", "PUBLISH QoS 1 up",
    "PUBLISH QoS 1 down", "PUBLISH QoS 2 up", "PUBLISH QoS 2 down",   "SUBSCRIBE",     "UNSUBSCRIBE",
    "PINGREQ up",         "PINGREQ down",     "PINGREQ of a wake-up", "DISCONNECT",    "WILLTOPICUPD",
    "WILLMSGUPD",
};

/// The exchange that this answer ends. The answer goes the other way than the question.
Procedure procedure_of(const Message& answer, const Telling& telling) {
    const bool asked_by_device = telling.direction == Direction::down;
    switch (answer.kind()) {
        case Type::gateway_info:
            return kSearch;
        case Type::connack:
            return kConnect;
        case Type::regack:
            return asked_by_device ? kRegisterUp : kRegisterDown;
        case Type::puback:
            // A refusal answers a PUBLISH of any QoS, and nobody waited for it.
            if (answer.return_code.value != 0) {
                return kNone;
            }
            return asked_by_device ? kPublish1Up : kPublish1Down;
        case Type::pubcomp:
            return asked_by_device ? kPublish2Up : kPublish2Down;
        case Type::suback:
            return kSubscribe;
        case Type::unsuback:
            return kUnsubscribe;
        case Type::pingresp:
            if (telling.has_delivered) {
                return kWakeUp;
            }
            return asked_by_device ? kPingUp : kPingDown;
        case Type::disconnect:
            return kDisconnect;
        case Type::will_topic_resp:
            return kWillTopic;
        case Type::will_msg_resp:
            return kWillMessage;
        default:
            return kNone;
    }
}

tap_packet_status on_answer(void* data_of_table, packet_info* pinfo, epan_dissect_t*, const void* data,
                            tap_flags_t) {
    const auto& row = *static_cast<const TapRow*>(data);
    const Telling* telling = row.telling;
    if (telling == nullptr || !row.datagram->has_message || telling->request_frame == 0 ||
        telling->duplicate_of != 0) {
        return TAP_PACKET_DONT_REDRAW;
    }
    const Procedure procedure = procedure_of(row.datagram->message, *telling);
    const Nanoseconds waited = telling->exchange_time >= 0 ? telling->exchange_time : telling->response_time;
    if (procedure == kNone || waited < 0) {
        return TAP_PACKET_DONT_REDRAW;
    }
    constexpr Nanoseconds kSecond = 1'000'000'000;
    nstime_t since{static_cast<time_t>(waited / kSecond), static_cast<int>(waited % kSecond)};
    nstime_t asked;
    nstime_delta(&asked, &pinfo->abs_ts, &since);
    const auto* table = static_cast<srt_data_t*>(data_of_table);
    add_srt_table_data(g_array_index(table->srt_array, srt_stat_table*, 0), procedure, &asked, pinfo);
    return TAP_PACKET_REDRAW;
}

void start_table(struct register_srt*, GArray* tables) {
    srt_stat_table* table =
        init_srt_table("MQTT-SN", nullptr, tables, kProcedures, "Request", nullptr, nullptr);
    for (int i = 0; i < kProcedures; ++i) {
        init_srt_table_row(table, i, kNames[i]);
    }
}

}  // namespace

void register_response_times() {
    register_srt_table(proto, nullptr, 1, on_answer, start_table, nullptr);
}

}  // namespace mqttsnx
